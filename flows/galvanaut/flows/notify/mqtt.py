"""An alarm to an MQTT broker, through paho-mqtt (extra ``mqtt``)."""

from __future__ import annotations

import importlib
import ssl
from threading import Event
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError
from galvanaut.flows.notify.message import Message

if TYPE_CHECKING:
    from galvanaut.flows.notify.hooks import MqttHook


class MqttFailedError(Exception):
    """The broker did not take the message."""


def client_module() -> Any:
    """Paho's client.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module("paho.mqtt.client")
    except ImportError:
        raise InputError("hook of kind mqtt", 'needs an extra: pip install "galvanaut[mqtt]"') from None


def publish(hook: MqttHook, message: Message) -> None:
    """Connect, publish, and wait until the broker has it (with a ``qos`` of 0: until it is sent).

    Raises:
        MqttFailedError: the broker refuses the login, or does not take it in time.
        OSError: it cannot be reached.
    """
    mqtt = client_module()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    if hook.tls:
        client.tls_set_context(ssl.create_default_context(cafile=None if hook.ca_file is None else str(hook.ca_file)))
    if hook.user is not None:
        client.username_pw_set(hook.user, hook.password())
    client.connect_timeout = hook.timeout_s
    answered, refusal = Event(), []

    def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refusal.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    client.connect(hook.host, hook.port or (8883 if hook.tls else 1883))
    client.loop_start()
    try:
        if not answered.wait(hook.timeout_s) or refusal:
            raise MqttFailedError(f"the broker refuses: {refusal[0]}" if refusal else "the broker does not answer")
        sent = client.publish(hook.topic, message.json(), qos=hook.qos)
        sent.wait_for_publish(hook.timeout_s)
        if not sent.is_published():
            raise MqttFailedError(f"the broker did not take it within {hook.timeout_s:g} s")
    finally:
        client.disconnect()
        client.loop_stop()

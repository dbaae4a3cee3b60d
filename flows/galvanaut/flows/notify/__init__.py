"""Telling people of alarms: by a command, by e-mail, over MQTT."""

from galvanaut.flows.notify.hooks import CommandHook, EmailHook, Hook, MqttHook
from galvanaut.flows.notify.message import Message
from galvanaut.flows.notify.notifier import Notifier, notifying

__all__ = ["CommandHook", "EmailHook", "Hook", "Message", "MqttHook", "Notifier", "notifying"]

"""The hooks that a lab's `alarms.yaml` may name. What is secret stands in environment variables, never in the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.errors import InputError
from galvanaut.core.units import Unit
from galvanaut.flows.notify.message import Message

_STRICT = ConfigDict(extra="forbid", frozen=True)
Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Address = Annotated[str, Field(pattern=r"^[^\s@<>,]+@[^\s@<>,]+$", examples=["lab@example.org"])]
Timeout = Annotated[float, Unit("s"), Field(gt=0, le=600)]


class _Hook(BaseModel):
    """What all hooks share.

    Attributes:
        timeout_s: longest time of one attempt, s.
        on_cleared: whether it is also told what is gone.
    """

    model_config = _STRICT

    timeout_s: Timeout = Field(default=20.0, alias="timeout")
    on_cleared: bool = True

    def secret_names(self) -> list[str]:
        """Environment variables that it takes secrets from."""
        return []

    def require_ready(self) -> None:
        """What is missing to use it is told before anything begins.

        Raises:
            InputError: an environment variable is not set, or a package is missing.
        """
        for name in self.secret_names():
            if not os.environ.get(name):
                raise InputError(f"hook {self}", f"the environment variable {name}, which holds its password, is empty")


class CommandHook(_Hook):
    """A program, started without a shell in the lab folder; the message comes as JSON on its standard input.

    Attributes:
        run: the program and its arguments.
    """

    kind: Literal["command"]
    run: Annotated[list[Text], Field(min_length=1, examples=[["python3", "tell.py"]])]

    def __str__(self) -> str:
        return f"command {self.run[0]}"

    def deliver(self, message: Message, folder: Path, secrets: list[str]) -> None:
        """Run it to its end, without the environment variables in ``secrets``; whatever is raised is a failure."""
        from galvanaut.flows.notify.command import run

        run(self.run, message, folder, self.timeout_s, secrets)


class _Account(_Hook):
    """A service in the network.

    Attributes:
        host, port: where it listens.
        user: to log in as; without it nobody logs in.
        password_env: name of the environment variable that holds the password of ``user``.
        ca_file: certificates to trust instead of the system's, for a server with a certificate of your own.
    """

    host: Text
    port: Port | None = None
    user: str | None = None
    password_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("give user and password_env together, or neither")
        if self.user is not None and not self.is_encrypted:
            raise ValueError("a password is not sent over a line that is not encrypted")
        return self

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read it."""
        raise NotImplementedError  # each kind of account knows

    def secret_names(self) -> list[str]:
        """See `_Hook.secret_names`."""
        return [self.password_env] if self.password_env else []

    def password(self) -> str | None:
        """From the environment."""
        return os.environ.get(self.password_env) if self.password_env else None


class EmailHook(_Account):
    """An e-mail through an SMTP server.

    Attributes:
        security: ``starttls`` (port 587), ``tls`` from the first byte on (port 465), or ``none`` (port 25).
        sender: from whom it comes.
        to: whom it goes to.
    """

    kind: Literal["email"]
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Address = Field(alias="from")
    to: Annotated[list[Address], Field(min_length=1)]

    def __str__(self) -> str:
        return f"email through {self.host}"

    @property
    def is_encrypted(self) -> bool:
        """See `_Account.is_encrypted`."""
        return self.security != "none"

    def deliver(self, message: Message, folder: Path, secrets: list[str]) -> None:
        """Send it; whatever is raised is a failure."""
        from galvanaut.flows.notify.email import send

        send(self, message)


class MqttHook(_Account):
    """A message to an MQTT broker; needs the extra ``mqtt``.

    Attributes:
        topic: the message goes there as JSON.
        tls: whether the line is encrypted (port 8883, else 1883).
        qos: MQTT's quality of service.
    """

    kind: Literal["mqtt"]
    topic: Annotated[str, Field(min_length=1, pattern=r"^[^#+\x00]+$", examples=["lab/alarms"])]
    tls: bool = True
    qos: Literal[0, 1, 2] = 1

    def __str__(self) -> str:
        return f"mqtt to {self.host}"

    @property
    def is_encrypted(self) -> bool:
        """See `_Account.is_encrypted`."""
        return self.tls

    def require_ready(self) -> None:
        """See `_Hook.require_ready`."""
        from galvanaut.flows.notify.mqtt import client_module

        super().require_ready()
        client_module()

    def deliver(self, message: Message, folder: Path, secrets: list[str]) -> None:
        """Publish it; whatever is raised is a failure."""
        from galvanaut.flows.notify.mqtt import publish

        publish(self, message)


Hook = Annotated[CommandHook | EmailHook | MqttHook, Field(discriminator="kind")]

"""How other processes ask a resident station for jobs, and hear what became of them: letters in an SQL table."""

from galvanaut.instruments.mailbox.client import RemoteStation, connected_station
from galvanaut.instruments.mailbox.letters import Mailbox
from galvanaut.instruments.mailbox.service import Service

__all__ = ["Mailbox", "RemoteStation", "Service", "connected_station"]

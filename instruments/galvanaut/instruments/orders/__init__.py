"""Work orders: what a person is asked to do for a job, and what the person answers."""

from galvanaut.instruments.orders.book import OrderBook, StandingOrder
from galvanaut.instruments.orders.order import Answer, Asked, Choice, Order

__all__ = ["Answer", "Asked", "Choice", "Order", "OrderBook", "StandingOrder"]

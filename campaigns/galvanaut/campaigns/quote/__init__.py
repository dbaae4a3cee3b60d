"""What a campaign will take, told from many simulated ones: intervals, prices, and which limit binds."""

from galvanaut.campaigns.quote.draw import Draw
from galvanaut.campaigns.quote.intervals import Range, chance, range_of
from galvanaut.campaigns.quote.prices import PriceFile, load_prices
from galvanaut.campaigns.quote.summary import Quote, quoted
from galvanaut.campaigns.quote.timetable import Capacity, Slot, wall_clock_h

__all__ = [
    "Capacity",
    "Draw",
    "PriceFile",
    "Quote",
    "Range",
    "Slot",
    "chance",
    "load_prices",
    "quoted",
    "range_of",
    "wall_clock_h",
]

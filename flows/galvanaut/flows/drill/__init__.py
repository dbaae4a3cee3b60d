"""`galvanaut drill`: break the simulated copy of a bench in every way it can break, and see whether that ends safely.

The laboratory's own code runs unchanged: the drivers, the station, the journal, the guard and the jobs. An onlooker
reads the true state of the simulated world, which the laboratory never sees, and a judge compares the two.
"""

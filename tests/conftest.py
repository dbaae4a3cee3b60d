"""Settings for all tests."""

from hypothesis import settings

# Derandomised: a test that fails, fails for everybody, and CI does not fail by chance.
settings.register_profile("galvanaut", derandomize=True, deadline=None)
settings.load_profile("galvanaut")

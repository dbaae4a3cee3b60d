"""Settings for all tests."""

from hypothesis import settings

# Derandomised: a test that fails, fails for everybody, and CI does not fail by chance.
settings.register_profile("galvanaut", derandomize=True, deadline=None)
settings.load_profile("galvanaut")


def pytest_addoption(parser):
    parser.addoption(
        "--kills",
        type=int,
        default=10,
        help="so often tests/system/test_kill.py kills a campaign (more than 10: half with Prefect)",
    )
    parser.addoption("--fault-days", type=int, help="so many days of faults in tests/system/test_faulty_weeks.py")

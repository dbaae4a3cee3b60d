"""Chemistry without chemistry, for tests that are about bytes, jobs and crashes."""


class PlainChemistry:
    """1 g/mL and 10 mS/cm for everything; without scatter."""

    def density_g_mL(self, composition):
        return 1.0

    def conductivity_mS_cm(self, composition, temperature_degC):
        return 10.0

    def is_standard(self, composition):
        return False

    def batch_factor(self, random):
        return 1.0

    run_factor = reading_factor = batch_factor

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The same examples every time, and few of them, where every change is tested; HYPOTHESIS_PROFILE=long hunts.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

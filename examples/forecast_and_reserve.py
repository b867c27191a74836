"""Forecast measured load from a pandas DataFrame, and see how many cores to reserve for it.

    python examples/forecast_and_reserve.py

The DataFrame has the columns `unique_id`, `ds` and `y`, as forecasting libraries take it. Files go as well:
`aurora.read_series("cpu.csv")`.
"""

import numpy as np
import pandas as pd

import aurora

STEPS_A_DAY = 288
"""Five-minute steps."""


def measured_load(days: int = 7) -> pd.DataFrame:
    """Return made-up load of two services in cores, with a daily course."""
    rng = np.random.default_rng(1)
    steps = np.arange(days * STEPS_A_DAY)
    times = pd.date_range("2026-06-01", periods=len(steps), freq="5min")
    course = 1 + 0.4 * np.sin(2 * np.pi * steps / STEPS_A_DAY)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": times, "y": level * course + rng.gamma(2, level / 20, len(steps))})
        for name, level in (("shop", 6.0), ("search", 3.0))
    ]
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Forecast an hour, and print the capacity that covers it with each confidence."""
    load = measured_load()
    ahead = aurora.forecast(load, horizon=12)
    print("the next quarter of an hour, in cores")
    print(ahead.groupby("unique_id").head(3)[["unique_id", "ds", "q0.1", "y", "q0.9", "model"]].to_string(index=False))

    outlook = aurora.look_ahead(load, horizon=12, futures=500, confidences=(0.5, 0.9, 0.99))
    print(f"now in use: {outlook.now:.1f} cores; demand of both together stays within, for the next hour,")
    for tier in outlook.tiers:
        print(f"  {tier.cores:5.1f} cores with a confidence of {tier.confidence:.0%}")


if __name__ == "__main__":
    main()

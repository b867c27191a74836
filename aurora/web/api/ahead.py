"""Measured series, forecasts of them, and capacity for what may come."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field, ValidationError

from aurora.errors import InputError
from aurora.learning.series.series import Panel
from aurora.sim.capacity.capacity import CapacityPlan
from aurora.types import Frozen, NonNegative, Positive, Progress
from aurora.validation import explain_validation
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OpenModel, Page, page_of
from aurora.web.api.given import GivenSeries, series_of
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext

MOST_SERIES = 50
"""Most series of a request."""
SeriesId = Annotated[str, Field(min_length=1, max_length=400)]


class SeriesRow(OpenModel):
    """A measured series of the server, as `aurora data --json` lists it."""

    unique_id: str = Field(description="its id")
    start: int = Field(description="time of the first value, seconds since 1970")
    end: int = Field(description="time of the last value, likewise")
    step: int = Field(description="seconds from one value to the next")
    n: int = Field(description="number of values")
    observed: float = Field(description="share of the values that were measured")
    labels: dict[str, str] = Field(description="properties, such as unit")


class AskForecast(Frozen):
    """What to forecast."""

    series_ids: list[SeriesId] = Field(
        default_factory=list, max_length=MOST_SERIES, description="series of the server; with `series` empty too: all"
    )
    series: list[GivenSeries] = Field(default_factory=list, max_length=MOST_SERIES, description="series of your own")
    horizon: int = Field(default=12, ge=1, le=288, description="steps ahead")
    context: int | None = Field(default=None, ge=12, le=4096, description="past values that are used; null: 144")


class Forecasts(OpenModel):
    """What `aurora forecast --json` prints."""

    levels: list[float] = Field(description="the levels of the quantiles")
    forecasts: list[dict[str, Any]] = Field(
        description="unique_id, model, step, timestamps, quantiles (steps by levels), back_test, last_value, is_flat"
    )
    findings: list[dict[str, Any]] = Field(description="defects of the series")


class AskFutures(Frozen):
    """What to look ahead to, and what to compare; see `aurora.tools.futures.FuturesArguments`."""

    series: list[GivenSeries] = Field(
        default_factory=list, max_length=MOST_SERIES, description="demand of your own; empty: that of series_ids"
    )
    series_ids: list[SeriesId] = Field(
        default_factory=list, max_length=MOST_SERIES, description="demand of the server to sum; empty: all of it"
    )
    horizon: int = Field(default=12, ge=1, le=288, description="steps")
    futures: int = Field(default=500, ge=10, le=2000, description="how many, for every what-if")
    cores_per_unit: Positive | None = Field(
        default=None, description="cores that one unit of the series needs; null where the series are in cores"
    )
    plans: list[CapacityPlan] = Field(
        default_factory=list, max_length=8, description="plans to compare; empty: those that follow from tiers"
    )
    node_cores: Positive = Field(default=4.0, description="cores of a node, in plans that follow from tiers")
    reserved_price: NonNegative = Field(default=0.1, description="dollars per hour of a reserved node, likewise")
    burst_price: NonNegative = Field(default=0.25, description="dollars per hour of an on-demand node, likewise")
    what_ifs: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=list, max_length=8, description="NAME[:AMOUNT][@START][/DURATION], such as spike:+20%@20m/30m"
    )
    weights: dict[str, float] | None = Field(
        default=None, max_length=16, description="what counts: cost, latency, violations, energy; null: the usual"
    )
    job_cores: Positive | None = Field(default=None, description="cores of a job; null: small beside the demand")
    sla: float = Field(default=60.0, ge=0, le=1e9, description="longest acceptable wait of a job, seconds")
    seed: int = Field(default=0, ge=0, lt=2**31, description="random seed of the futures")


class Futures(OpenModel):
    """What `aurora futures --json` prints."""

    series: list[str] | str = Field(description="the series whose sum is the demand")
    model: str = Field(description="what forecasts")
    tiers: list[dict[str, Any]] = Field(description="capacity that covers demand, by confidence")
    plans: list[dict[str, Any]] = Field(description="the plans with their loss and measures")
    best: str | None = Field(description="the best plan")
    notes: list[str] = Field(description="what was assumed, left out or cut off")


def router(context: WebContext, jobs: Jobs) -> APIRouter:
    """Return the routes of series, forecasts and futures.

    Args:
        context: What the server shares.
        jobs: Runs what takes longer.
    """
    routes = APIRouter(tags=["ahead"])
    desk = context.desk

    @routes.get("/series", response_model=Page[SeriesRow])
    def list_series(limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the measured series of the server."""
        rows = Panel(tuple(desk.series(name) for name in desk.series_ids)).to_json()["series"]
        return page_of(rows, lambda r: str(r["unique_id"]), limit, cursor)

    @routes.post("/forecast", response_model=Forecasts, responses=ACCEPTED)
    async def forecast(owner: Owner, given: AskForecast) -> Response:
        """Forecast the quantiles of the next values of each series."""
        return await jobs.answer("forecast", owner, lambda progress: _forecasts(given, progress))

    @routes.post("/futures", response_model=Futures, responses=ACCEPTED)
    async def futures(owner: Owner, given: AskFutures) -> Response:
        """Find capacity that covers the demand to come, and the best plan over many futures and what-ifs."""
        return await jobs.answer("futures", owner, lambda progress: _futures(given, progress))

    def _forecasts(given: AskForecast, progress: Progress) -> dict[str, Any]:
        from aurora.learning.forecasting.report import report_forecasts  # noqa: PLC0415  # heavy, used here only

        panel = Panel(series_of(given.series_ids, given.series, desk))
        if len(panel.series) > MOST_SERIES:
            raise InputError(f"choose at most {MOST_SERIES} series", parameter="series_ids")
        return report_forecasts(panel, given.horizon, context=given.context, progress=progress).to_json()

    def _futures(given: AskFutures, progress: Progress) -> dict[str, Any]:
        from aurora.tools.futures import FuturesArguments, look_ahead  # noqa: PLC0415  # heavy, used here only

        series = series_of(given.series_ids, given.series, desk)
        left_out = {"series", "series_ids", *(() if given.weights is not None else ("weights",))}
        try:
            arguments = FuturesArguments.model_validate(given.model_dump(exclude=left_out))
        except ValidationError as error:
            raise InputError(explain_validation(error)) from None
        return look_ahead(series, arguments, progress).to_json()

    return routes

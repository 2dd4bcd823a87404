"""The worked example of docs/cost.md: 10,000 recommendations a month, in the cloud and at home.

    python scripts/cost_example.py           prints the tables that the page shows

A test compares the page with what this prints. Figures of the hardware are those of the samples in
model_configs/hardware; prices are those of the newest table.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from fogbank.catalog.loader import load_catalog
from fogbank.cost.bill import DayUse
from fogbank.cost.break_even import MILLION
from fogbank.cost.comparison import DAYS, Comparison
from fogbank.cost.hardware import load_hardware
from fogbank.cost.price_files import load_prices
from fogbank.cost.report import Report, make_report
from fogbank.settings import package_data

RECOMMENDATIONS = 10_000
TOKENS_IN, TOKENS_OUT = 1_900, 900
"""Of one recommendation: a usage summary, one scoring, three narratives."""
MODELS = (
    "@cf/meta/llama-3.1-8b-instruct-fast",
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
)
HARDWARE = ("rented-h100", "owned-2xh100")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@cache
def reports() -> list[Report]:
    """One for each model and machine: a month of 30.4375 days, all alike."""
    prices, catalog = load_prices(package_data()).newest, load_catalog(package_data())
    machines = load_hardware(package_data())
    found = []
    for model in MODELS:
        for name in HARDWARE:
            rates = prices.models[model].neurons
            per_day = RECOMMENDATIONS / DAYS
            neurons = (TOKENS_IN * rates["input"] + TOKENS_OUT * rates["output"]) / MILLION
            uses = [
                DayUse(
                    day=(BEGAN + timedelta(days=at)).date(),
                    model=model,
                    requests=round(per_day),
                    prompt_tokens=round(per_day * TOKENS_IN),
                    completion_tokens=round(per_day * TOKENS_OUT),
                    neurons=per_day * neurons,
                )
                for at in range(30)
            ]
            until = BEGAN + timedelta(days=30)
            found.append(
                make_report(uses, BEGAN, until, prices, catalog.resolve, hardware=machines[name])
            )
    return found


def lines() -> Iterator[str]:
    """Both tables, in Markdown."""
    prices = load_prices(package_data()).newest
    yield "| model | USD a million in | USD a million out | a month | after the free neurons |"
    yield "|---|---|---|---|---|"
    for report in reports()[:: len(HARDWARE)]:
        line = report.bill.lines[0]
        rates = prices.models[line.model].neurons
        per_million = [f"{prices.usd(rates[name]):.3f}" for name in ("input", "output")]
        month = [report.bill.usd_of(each) / 30 * DAYS for each in (line.neurons, line.billed)]
        yield f"| `{line.model}` | {' | '.join(per_million)} | {month[0]:.2f} | {month[1]:.2f} |"
    yield ""
    yield (
        "| model | hardware | own USD a month | cloud USD a month | used | break-even, tokens/s |"
        " of its capacity | own is cheaper |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for report in reports():
        told = report.comparison
        assert told is not None
        yield _row(report.bill.lines[0].model, told)


def _row(model: str, told: Comparison) -> str:
    even = told.break_even
    at, share = "never", ""
    if even.tokens_per_second is not None and even.utilisation is not None:
        at, share = f"{even.tokens_per_second:,.0f}", f"{100 * even.utilisation:.0f} %"
    cells = (
        f"`{model.rsplit('/', 1)[1]}`",
        told.hardware.name,
        f"{told.own.total:,.0f}",
        f"{told.cloud_usd:.2f}",
        f"{100 * told.utilisation:.2f} %",
        at,
        share,
        f"{100 * told.odds.probability:.0f} % of draws",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(lines()))

"""The forms of the API: a text to analyse, and a forecast."""

from fogbank.deployments.pages.fields import Field, Group

TEXT = (
    "IRENA reports that India added 15 GW of solar capacity in 2023. The World Bank lent 1.5"
    " billion dollars for battery storage, which will cut emissions from coal plants."
)
DAYS = (
    "0, 0, 8, 31, 52, 58, 44, 19, 3, 0, 0, 0, 0, 0, 6, 27, 55, 61, 40, 15, 2, 0, 0, 0,"
    " 0, 0, 9, 33, 47, 50, 46, 21, 4, 0, 0, 0, 0, 0, 7, 24, 49, 63, 45, 18, 2, 0, 0, 0"
)
KINDS = ("", "classification", "entities", "summary")


def analysis_form() -> Group:
    """Body of POST /api/v1/ai/analyze-text."""
    return Group(
        "",
        [
            Field("text", "long", TEXT, "Summarized too where it is long."),
            Field(
                "analysis_type",
                "text",
                "",
                "Not given: everything that fits the text.",
                label="Analysis",
                choices=KINDS,
            ),
        ],
    )


def forecast_form() -> Group:
    """Body of POST /api/v1/ai/forecast."""
    return Group(
        "",
        [
            Field("type", "text", "solar", label="Source", choices=("solar", "wind", "hydro")),
            Field(
                "historical_data",
                "numbers",
                DAYS,
                "Past generation, oldest first, one value a step, in any one unit.",
                label="Past generation",
            ),
            Group(
                "weather_data",
                [
                    Field("weather_data.temperature", "number", "18", "°C ahead."),
                    Field("weather_data.wind_speed", "number", "4", "m/s ahead."),
                    Field("weather_data.cloud_cover", "number", "25", "% of the sky ahead."),
                ],
            ),
            Group(
                "location",
                [
                    Field("location.latitude", "number", "", "Degrees, north is positive."),
                    Field("location.longitude", "number", "", "Degrees, east is positive."),
                ],
            ),
        ],
    )

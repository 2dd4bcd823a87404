"""Inputs and answers of ESMAP's eight models, in the shapes of the contract and of the models."""

from typing import Any

from fogbank.deployments.esmap.card import Kind, ModelCard

HOSTILE = "<script>alert('x')</script>"


def card(kind: Kind, example: dict[str, Any], **given: Any) -> ModelCard:
    """A card of a model of that kind."""
    facts = {
        "inputs": dict.fromkeys(example, "What it is, with its unit"),
        "outputs": {"result": "What it gives"},
        "method": "How it works.",
        "limits": ["Where it ends"],
        "figures": [{"what": "accuracy", "value": 0.91, "on": "held-out texts"}],
    }
    plain: dict[str, Any] = {
        "id": f"a-{kind}",
        "name": f"A {kind}",
        "description": "Does something.",
        "provider": "Fogbank",
        "model_id": "something",
        "type": kind,
        "domain": "energy",
        "input_format": "{}",
        "output_format": "{}",
        "features": ["one"],
        "implementation": "none",
        "example_input": example,
        "example_output": {},
        "golden": [{"input": example}],
        "card": facts,
    }
    return ModelCard.model_validate({**plain, **given})


def whole(inner: dict[str, Any], **lifted: Any) -> dict[str, Any]:
    """The answer of POST /inference around an inner result."""
    return {
        "success": True,
        "result": {
            "modelId": "a-model",
            "timestamp": "2026-11-21T00:00:00.000Z",
            "result": inner,
            **lifted,
            "metadata": {"inferenceTime": 12.5, "modelVersion": "1.0.0"},
        },
        "cached": False,
        "performance": {"timings": {"inference": 12.5, "total_request": 13.0}, "statistics": {}},
    }


TEXT = "IRENA counts 5 GW of solar PV in India."
CONTEXT = "India plans more. The country reached 85 GW of solar power in 2024. Wind follows."
HOURS = [str(hour) for hour in range(24)]
ANSWERS: dict[str, tuple[Kind, dict[str, Any], dict[str, Any]]] = {
    "sentiment": (
        "text-classification",
        {"text": "Solar power cut emissions."},
        whole(
            {
                "label": "POSITIVE",
                "score": 0.982,
                "domain_labels": ["renewable", "emissions"],
                "raw_response": [{"label": "POSITIVE", "score": 0.982}],
                "climate_relevance": 0.91,
            },
            climate_relevance=0.91,
        ),
    ),
    "entities": (
        "token-classification",
        {"text": TEXT},
        whole(
            {
                "entities": [
                    {
                        "text": "IRENA",
                        "type": "ORG",
                        "score": 0.99,
                        "start": 0,
                        "end": 5,
                        "source": "model",
                    },
                    {
                        "text": "5 GW",
                        "type": "METRIC",
                        "score": 1.0,
                        "start": 13,
                        "end": 17,
                        "source": "quantities",
                        "value": 5e9,
                        "unit": "W",
                    },
                    {
                        "text": "solar PV",
                        "type": "TECH",
                        "score": 1.0,
                        "start": 21,
                        "end": 29,
                        "source": "terms",
                    },
                    {
                        "text": "India",
                        "type": "LOC",
                        "score": 0.97,
                        "start": 33,
                        "end": 38,
                        "source": "model",
                    },
                ],
                "confidence": 0.99,
            },
            energy_categories=["solar"],
        ),
    ),
    "answer": (
        "question-answering",
        {"question": "How much solar power has India?", "context": CONTEXT},
        whole(
            {
                "answer": "85 GW",
                "confidence": 0.87,
                "source": "context",
                "start": CONTEXT.index("85 GW"),
                "end": CONTEXT.index("85 GW") + 5,
            }
        ),
    ),
    "forecast": (
        "regression",
        {"features": {"historicalGeneration": [0, 0, 12, 40, 55, 41, 13, 0] * 4, "cloudCover": 20}},
        whole(
            {
                "predictions": [0.0, 1.5, 13.2, 41.0],
                "confidence_intervals": [
                    {"lower": 0.0, "upper": 0.0},
                    {"lower": 0.0, "upper": 4.0},
                    {"lower": 8.0, "upper": 18.4},
                    {"lower": 33.0, "upper": 49.0},
                ],
                "metrics": {"mae": 1.9, "rmse": 2.8, "confidence": 0.9},
                "method": "smoothing + regression",
                "coverage": 0.9,
                "unit": "MW",
                "weather": {"cloudCover": "regressor"},
                "notes": ["the physical model was not used: capacity is missing"],
            }
        ),
    ),
    "emissions": (
        "regression",
        {"features": {"activities": [{"fuel": "natural gas", "amount": 100, "unit": "GJ"}]}},
        whole(
            {
                "predictions": [5610.0, 400.0],
                "confidence_intervals": [
                    {"lower": 5430.0, "upper": 5830.0},
                    {"lower": 380.0, "upper": 425.0},
                ],
                "metrics": {"activities": 2},
                "emissions": {
                    "co2": 5990.0,
                    "ch4": 0.1,
                    "n2o": 0.01,
                    "nox": 8.9,
                    "co2e": 6010.0,
                    "unit": "kg",
                },
                "total": {"co2e": 6010.0, "lower": 5820.0, "upper": 6240.0, "unit": "kg"},
                "gwp": {"set": "AR5", "horizon_years": 100, "ch4": 28, "n2o": 265},
                "activities": [
                    {"fuel": "natural gas", "amount": 100, "unit": "GJ"},
                    {"fuel": "electricity", "amount": 1, "unit": "MWh"},
                ],
                "factors": [
                    {
                        "id": "natural-gas/co2",
                        "value": 56100,
                        "unit": "kg/TJ",
                        "lower": 54300,
                        "upper": 58300,
                        "source": "IPCC 2006, volume 2, table 2.2",
                    }
                ],
                "warnings": ["the region of the electricity was not given"],
            }
        ),
    ),
    "impacts": (
        "text-generation",
        {"prompt": "A carbon tax of $50 per tonne.", "maxTokens": 60},
        whole(
            {
                "text": "The tax raises costs and lowers emissions.",
                "tokens_used": 180,
                "impacts": {
                    "economic": {"direction": "mixed", "rationale": "Power costs more at first."},
                    "environmental": {"direction": "positive", "rationale": "Less coal is burned."},
                    "social": {"direction": "negative", "rationale": "Poor households pay more."},
                },
            }
        ),
    ),
    "summary": (
        "summarization",
        {"text": CONTEXT * 3, "maxLength": 20},
        whole({"summary": "India plans more.", "original_length": 45, "summary_length": 3}),
    ),
    "dispatch": (
        "optimization",
        {"gridData": {"demand": [60, 90], "generators": [{"name": "coal", "capacity": 200}]}},
        whole(
            {
                "optimal_configuration": {
                    "step_hours": 1.0,
                    "schedule": {
                        "coal": [40.0 + hour % 5 for hour in range(24)],
                        "gas": [5.0 * (hour > 17) for hour in range(24)],
                        "wind": [20.0 + hour for hour in range(24)],
                    },
                    "commitment": {"coal": {"on": [1] * 24, "starts": 0}},
                    "storage": {
                        "battery": {
                            "charge": [5.0 * (hour < 4) for hour in range(24)],
                            "discharge": [4.0 * (18 <= hour < 22) for hour in range(24)],
                            "state_of_charge": [
                                min(hour, 4) * 4.0 - 4.0 * max(0, min(hour - 18, 4))
                                for hour in range(24)
                            ],
                        }
                    },
                    "unserved": [0.0] * 24,
                    "prices": [20.0 + 15 * (hour > 17) for hour in range(24)],
                    "cost": 20640.0,
                    "costs": {"generation": 20640.0},
                    "emissions": 980.0,
                    "curtailment": 12.0,
                    "unserved_energy": 0.0,
                    "renewable_share": 0.41,
                },
                "improvements": {
                    "baseline": {"method": "merit order", "cost": 21000.0},
                    "comparable": False,
                    "cost_reduction": 360.0,
                    "cost_reduction_percent": 1.7,
                    "emissions_reduction": 0.0,
                    "emissions_reduction_percent": None,
                },
                "constraints_satisfied": True,
                "constraints": [
                    {"constraint": "balance", "satisfied": True, "unit_of_violation": "MW"}
                ],
                "infeasible": [],
                "solver": {
                    "name": "HiGHS",
                    "version": "1.12",
                    "status": "Optimal",
                    "proof": "optimal within gap 0",
                    "seconds": 0.01,
                },
                "units": {"price": "currency/MWh", "cost": "currency", "emissions": "tCO2"},
            },
            energy_categories=["grid"],
        ),
    ),
}

"""What policy-impact says of policies whose effect on the environment is plain.

    fogbank serve
    python -m bench.esmap_policy http://127.0.0.1:8787

Counts answers that keep the form and environmental directions that a person would give. The
policies are Fogbank's own; most were also looked at when the card's prompt was chosen.
"""

import sys
import time

import httpx2

POLICIES = (
    ("A carbon tax of $50 per tonne of CO2 on power plants.", "positive"),
    ("Phase out coal power by 2030 and retrain the miners.", "positive"),
    ("Build ten new coal power plants without filters.", "negative"),
    ("Open the national park for oil drilling.", "negative"),
    ("Subsidise rooftop solar panels for poor households.", "positive"),
    ("End the subsidies for wind and solar and buy diesel generators with the money.", "negative"),
    ("Require insulation and heat pumps in all new houses.", "positive"),
    ("Allow factories to dump waste oil into rivers to save costs.", "negative"),
)


def main(url: str) -> None:
    formed = right = 0
    began = time.perf_counter()
    for prompt, wanted in POLICIES:
        body = {"modelId": "policy-impact", "input": {"prompt": prompt}}
        answer = httpx2.post(f"{url}/esmap/inference", json=body, timeout=120).json()["result"]
        impacts = answer["result"].get("impacts")
        formed += impacts is not None
        direction = impacts["environmental"]["direction"] if impacts else answer.get("error")
        right += direction == wanted
        print(f"{direction} ({wanted}): {prompt}\n  {answer['result'].get('text')}")
    print(
        f"{formed} of {len(POLICIES)} in form, {right} environmental directions as expected,",
        end=" ",
    )
    print(f"{(time.perf_counter() - began) / len(POLICIES):.1f} s each")


if __name__ == "__main__":
    main(sys.argv[1])

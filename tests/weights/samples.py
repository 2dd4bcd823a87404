"""Small sources of weights for tests."""

import hashlib
import io
import json
import zipfile
from typing import Any

from fogbank.catalog.profile import EngineSpec, Profile
from fogbank.catalog.weights import HubWeights, PackageWeights, Weights

CONFIG = json.dumps({"model_type": "llama"}).encode()
SAFETENSORS = b"\x02\0\0\0\0\0\0\0{}"


def tiny_model(**more: bytes) -> dict[str, bytes]:
    """The files of a repository that may be served."""
    files = {"config.json": CONFIG, "model.safetensors": SAFETENSORS + bytes(range(256)) * 40}
    return files | {name.replace("__", "."): data for name, data in more.items()}


def profile(name: str = "test", /, **weights: Weights) -> Profile:
    """A profile with one engine for each of the weights."""
    engines = {key: EngineSpec(engine="vllm", weights=value) for key, value in weights.items()}
    hub = any(isinstance(each, HubWeights) for each in weights.values())
    return Profile(name=name, description="", hardware="cpu", hub=hub, engines=engines, models={})


def wheel(members: dict[str, bytes]) -> bytes:
    """A wheel with these members and the metadata that pip asks for."""
    info = "tiny_weights-1.0.dist-info"
    every = {
        **members,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
        f"{info}/LICENSE": b"Do what you like.",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in every.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


WHEEL_NAME = "tiny_weights-1.0-py3-none-any.whl"
MEMBERS = {
    "tiny_weights/__init__.py": b"raise SystemExit('never run')",
    "tiny_weights/model/config.json": CONFIG,
    "tiny_weights/model/model.safetensors": SAFETENSORS,
    "tiny_weights/model/tokenizer.json": b'{"padding": {"strategy": {"Fixed": 128}}, "model": 1}',
    "tiny_weights/model/pytorch_model.bin": b"a pickle",
}


def package(data: bytes, **more: Any) -> PackageWeights:
    """Weights that pin the wheel `data`."""
    fields = {"package": "tiny-weights==1.0", "sha256": hashlib.sha256(data).hexdigest()}
    return PackageWeights.model_validate({**fields, "recipe": "minilm", **more})

"""Runs inside vLLM's CPU worker, named as its `worker_extension_cls` where LoRA is enabled.

vLLM 0.32's CPU kernels mark a token without an adapter by the slot -1 and then index with it, which
is the last slot: in a batch with others' adapters such a request would be computed with one of
them. Here the low-rank half of those tokens is set to nothing. Importing this module does it.
"""

from typing import Any


class MendedLora:
    """Adds nothing to the worker; vLLM imports the module to find it."""


def _mend() -> None:
    from vllm.lora.ops.torch_ops import lora_ops
    from vllm.lora.punica_wrapper import punica_cpu

    shrink = lora_ops.bgmv_shrink

    def masked_shrink(
        inputs: Any, weights: Any, output: Any, indices: Any, scaling: float = 1.0
    ) -> None:
        shrink(inputs, weights, output, indices, scaling)
        output[indices < 0] = 0

    lora_ops.bgmv_shrink = masked_shrink
    punica_cpu.bgmv_shrink = masked_shrink


_mend()

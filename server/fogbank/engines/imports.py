"""Importing torch, transformers and vLLM, which engines do in threads of their own."""

import os
import threading

LOADING = threading.Lock()
"""Held while they are imported or make a model: transformers imports its parts on first use, which
two threads at once may see half done."""


def bound_primitive_cache() -> None:
    """Keeps oneDNN from holding a kernel for every batch shape that was ever seen.

    Its default of 1,024 let the front end grow by 16 MiB a minute under embeddings of ever new
    lengths. It is read with the first computation of the process.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")

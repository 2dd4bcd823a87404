"""`lora` of a run request: which fine-tune the account means, and whether this model may use it.

What the service answers to a name that nobody has is not documented; here it is 400/8001.
"""

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.errors import AIError
from fogbank.runtime.runtime import Runtime
from fogbank.storage.finetunes import Finetune, FinetuneStore
from fogbank.tasks.text_generation import Lora


def adapter(
    finetunes: FinetuneStore, runtime: Runtime, card: Card, asked: str, account: str | None
) -> Lora:
    """The adapter for an engine; `asked` is an id or a name. Without an account, a public one.

    Raises AIError: 5005 for a model without LoRA, 3039 for files not uploaded yet, 8001 for a name
    that is unknown or belongs to other weights.
    """
    if not card.lora:
        raise AIError(errors.NO_LORA, model=card.name)
    found = finetunes.usable((account or "").lower(), asked)
    if found is None:
        raise AIError(
            errors.INVALID_INPUT,
            detail=f"'lora': there is no fine-tune {asked[:100]!r} that this account may use;"
            " GET .../ai/finetunes lists its own, .../ai/finetunes/public those of everybody",
        )
    if not _same_weights(runtime, card, found):
        raise AIError(
            errors.INVALID_INPUT,
            detail=f"'lora': the fine-tune {found.name!r} is one of {found.model},"
            f" which other weights serve than {card.name}",
        )
    if not found.complete:
        raise AIError(errors.FINETUNE_FILES)
    return Lora(found.name, found.number, finetunes.lend(found))


def _same_weights(runtime: Runtime, card: Card, finetune: Finetune) -> bool:
    if finetune.model == card.name:
        return True
    here, there = runtime.served.get(card.name), runtime.served.get(finetune.model)
    return here is not None and there is not None and here.engine == there.engine

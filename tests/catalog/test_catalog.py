import pytest

from fogbank.catalog.catalog import Catalog, ServedModel, resolve_profile
from fogbank.catalog.profile import Profile
from tests.catalog.conftest import CARD, Folders

OWN = """\
name: own
description: For a test.
hardware: cpu
engines:
  tiny: {engine: fake}
  real: {engine: fake}
  vectors: {engine: fake, task: Text Embeddings}
families:
  test: {engine: tiny, stands_in: Tiny}
  vectors: {engine: tiny}
models:
  "@cf/test/old": {engine: real}
"""


@pytest.fixture
def catalog(folders: Folders) -> Catalog:
    folders.write("package/models/alpha.yaml", CARD + "aliases: ['@cf/test/old']\n")
    folders.write("package/models/beta.yaml", CARD.replace("alpha", "beta"))
    folders.write("package/models/guard.yaml", CARD.replace("alpha", "guard") + "safety: true\n")
    folders.write(
        "package/models/other.yaml", CARD.replace("alpha", "other").replace("family: test\n", "")
    )
    vectors = CARD.replace("alpha", "vectors").replace("family: test", "family: vectors")
    folders.write(
        "package/models/vectors.yaml", vectors.replace("Text Generation", "Text Embeddings")
    )
    folders.write("data/profiles/own.yaml", OWN)
    return folders.load()


@pytest.mark.contract("1.1")
@pytest.mark.parametrize(
    "name",
    [
        "@cf/test/alpha",
        "@cf/test/old",
        "@cf/test/alpha/",
        " @cf/test/alpha\n",
        "workers-ai/@cf/test/alpha",
    ],
)
def test_a_name_in_its_variations(catalog: Catalog, name: str) -> None:
    card = catalog.resolve(name)
    assert card is not None
    assert card.name == "@cf/test/alpha"


@pytest.mark.parametrize(
    "name", ["", "/", "alpha", "@cf/test", "@cf/test/ALPHA", "@cf/test/alphas"]
)
def test_a_name_that_nobody_has(catalog: Catalog, name: str) -> None:
    assert catalog.resolve(name) is None


def test_a_profile_spells_out_families_and_its_models_win(catalog: Catalog) -> None:
    served = resolve_profile(catalog.profiles["own"], catalog)
    assert served == {
        "@cf/test/alpha": ServedModel(catalog.cards["@cf/test/alpha"], "real"),
        "@cf/test/beta": ServedModel(catalog.cards["@cf/test/beta"], "tiny", "Tiny"),
    }


@pytest.mark.contract("decision 9")
def test_a_family_gives_a_safety_model_its_own_weights_only(catalog: Catalog) -> None:
    profile = catalog.profiles["own"]
    own = {"test": profile.families["test"].model_copy(update={"stands_in": None})}
    served = resolve_profile(profile.model_copy(update={"families": own}), catalog)
    assert served["@cf/test/guard"].stands_in is None


def test_profiles_that_have_the_weights_of_a_model(catalog: Catalog) -> None:
    assert catalog.profiles_with("@cf/test/alpha") == ("own", "small")
    assert catalog.profiles_with("@cf/test/old") == ("own", "small")
    assert catalog.profiles_with("@cf/test/beta") == ()
    assert catalog.profiles_with("@cf/test/guard") == ()
    assert catalog.profiles_with("@cf/nobody/knows") == ()


def test_a_profile_of_another_catalogue_is_an_error(catalog: Catalog) -> None:
    profile: Profile = catalog.profiles["own"]
    with pytest.raises(KeyError, match="profile own: no card is named @cf/test/old"):
        resolve_profile(profile, Catalog({}, {}))

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from tests.catalog.conftest import CARD, PROFILE, Folders


def test_cards_and_profiles_are_read(folders: Folders) -> None:
    catalog = folders.load()
    assert list(catalog.cards) == ["@cf/test/alpha"]
    assert list(catalog.profiles) == ["small"]


def test_the_data_directory_need_not_exist(folders: Folders) -> None:
    assert list(load_catalog(folders.package).cards) == ["@cf/test/alpha"]


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        (
            "contxt_window: 3\n",
            "alpha.yaml:5: contxt_window: unknown key; did you mean 'context_window'?",
        ),
        (
            "context_window: 0\n",
            "alpha.yaml:5: context_window: input should be greater than or equal to 1, not 0",
        ),
        (
            "context_window: many\n",
            "alpha.yaml:5: context_window: input should be a valid integer, "
            "unable to parse string as an integer, not 'many'",
        ),
        ("vision: 7\n", "alpha.yaml:5: vision: input should be a valid boolean"),
        ("defaults: 3\n", "alpha.yaml:5: defaults: expected a mapping of keys to values, not 3"),
        (
            "defaults:\n  temperature: 9\n",
            "alpha.yaml:6: defaults.temperature: input should be less than or equal to 5, not 9",
        ),
        ("defaults:\n  temprature: 1\n", "alpha.yaml:6: defaults.temprature: unknown key; did you"),
        (
            "aliases:\n  - '@cf/a/b'\n  - nonsense\n",
            "alpha.yaml:7: aliases[1]: string should match pattern",
        ),
        ("family: again\n", "alpha.yaml:5: family: the key is already given in line 3"),
        ("aliases: [\n", "alpha.yaml:6: not YAML: while parsing a flow node"),
        (
            "aliases: ['@cf/test/alpha']\n",
            "alpha.yaml:5: aliases[0]: @cf/test/alpha already names the model of ",
        ),
    ],
)
def test_a_mistake_in_a_card(folders: Folders, addition: str, expected: str) -> None:
    folders.write("package/models/alpha.yaml", CARD + addition)
    assert folders.only_mistake().startswith(expected)


def test_a_key_that_is_missing(folders: Folders) -> None:
    folders.write("package/models/alpha.yaml", CARD.replace("task: Text Generation\n", ""))
    assert folders.only_mistake() == "alpha.yaml:1: task: this required key is missing"


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "3\n", "~\n"])
def test_a_file_that_is_no_mapping(folders: Folders, text: str) -> None:
    folders.write("package/models/alpha.yaml", text)
    assert folders.only_mistake().startswith("alpha.yaml:1: expected a mapping")


WEIGHTS = PROFILE.replace("engine: fake\n", "engine: transformers\n    weights:\n{}", 1)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hardware: cpu", "hardware: tpu", "3: hardware: input should be 'cpu' or 'cuda'"),
        ("hardware: cpu", "hardware: cuda", "1: min_gpus: at least 1 where hardware is 'cuda'"),
        (
            "hardware: cpu",
            "hardware: cpu\nmin_gpus: 1",
            "1: min_gpus: 0 where hardware is 'cpu'",
        ),
        ("engine: fake", "engine: llama", "6: engines.one.engine: input should be 'vllm',"),
        ("engine: fake", "engine: vllm", "5: engines.one: weights: the engine 'vllm' needs them"),
        (
            "engine: fake",
            "engine: vllm\n    task: Text Embeddings\n    weights: {hub: a/b}",
            "5: engines.one: task: the engine 'vllm' has only Text Generation",
        ),
        (
            "engine: fake",
            "engine: remote\n    task: Token Classification",
            "5: engines.one: task: the engine 'remote' has only Text Generation and Text Embed",
        ),
        (
            "engine: fake",
            "engine: fake\n    options: {trust_remote_code: true}",
            "5: engines.one: options.trust_remote_code: code of a model repository is never run",
        ),
        (
            "engine: fake",
            "engine: fake\n    options: {load_format: pt}",
            "5: engines.one: options.load_format: pickled weights are never read",
        ),
        (
            "engine: fake",
            "engine: fake\n    environment: {A: 1}",
            "7: engines.one.environment.A: input should be a valid string, not 1",
        ),
        (
            "    engine: one",
            "    engine: tow",
            "9: models.@cf/test/alpha.engine: there is no engine 'tow'; there are one",
        ),
        (
            "@cf/test/alpha",
            "@cf/test/alhpa",
            "8: models.@cf/test/alhpa: no card has this name; did you mean '@cf/test/alpha'?",
        ),
        ("@cf/test/alpha", "alpha", "8: models.alpha: string should match pattern"),
        (
            "models:",
            "families:\n  tset:\n    engine: one\nmodels:",
            "8: families.tset: no card is of this family; did you mean 'test'?",
        ),
        (
            "models:",
            "families:\n  test:\n    engine: two\nmodels:",
            "9: families.test.engine: there is no engine 'two'",
        ),
        (
            "engine: fake",
            "engine: fake\n    task: Text Embeddings",
            "10: models.@cf/test/alpha.engine: the model's task is Text Generation, the engine's",
        ),
    ],
)
def test_a_mistake_in_a_profile(folders: Folders, old: str, new: str, expected: str) -> None:
    folders.write("package/profiles/small.yaml", PROFILE.replace(old, new, 1))
    assert folders.only_mistake().startswith(f"small.yaml:{expected}")


REMOTE = "engine: remote\n    options:\n      model: m\n      "
OWN_WEIGHTS = "engine: transformers\n    weights: {folder: x}\n    options:\n      "


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("engine: remote", "5: engines.one.options.model: this required key is missing"),
        (REMOTE + "url: ''", "9: engines.one.options.url: string should match pattern"),
        (REMOTE + "url: ftp://x", "9: engines.one.options.url: string should match pattern"),
        (REMOTE + "url: http://a:b@x", "9: engines.one.options.url: string should match"),
        (
            REMOTE + "url: http://x\n      timout: 1",
            "10: engines.one.options.timout: unknown key; did you mean 'timeout'?",
        ),
        (
            "engine: fake\n    options: {dimension: 3}",
            "7: engines.one.options.dimension: unknown key; did you mean 'dimensions'?",
        ),
        (
            "engine: fake\n    options: {seconds_per_token: slow}",
            "7: engines.one.options.seconds_per_token: input should be a valid number",
        ),
        (
            OWN_WEIGHTS + "max_lenght: 9",
            "9: engines.one.options.max_lenght: unknown key; did you mean 'max_length'?",
        ),
        (OWN_WEIGHTS + "device: gpu", "9: engines.one.options.device: input should be 'cpu',"),
    ],
)
def test_a_mistake_in_options(folders: Folders, engine: str, expected: str) -> None:
    folders.write("package/profiles/small.yaml", PROFILE.replace("engine: fake", engine, 1))
    assert f"small.yaml:{expected}" in str(folders.mistakes()[0])


def test_options_of_vllm_are_left_to_vllm(folders: Folders) -> None:
    engine = "engine: vllm\n    weights: {folder: x}\n    options: {of_a_later_version: 1}"
    folders.write("package/profiles/small.yaml", PROFILE.replace("engine: fake", engine, 1))
    assert folders.load().profiles["small"].engines["one"].options == {"of_a_later_version": 1}


@pytest.mark.parametrize("stands_in", ["''", "Größe", '"a\\r\\nset-cookie: b"', "日本"])
def test_a_stand_ins_name_fits_a_header(folders: Folders, stands_in: str) -> None:
    folders.write("package/profiles/small.yaml", PROFILE + f"    stands_in: {stands_in}\n")
    assert folders.only_mistake().startswith(
        "small.yaml:10: models.@cf/test/alpha.stands_in: string should match pattern"
    )


@pytest.mark.parametrize("name", ["''", "One", "a/b", "../x", "a b", ".."])
def test_an_engines_name_fits_a_path(folders: Folders, name: str) -> None:
    text = PROFILE.replace("  one:", f"  {name}:").replace("engine: one", f"engine: {name}")
    folders.write("package/profiles/small.yaml", text)
    assert str(folders.mistakes()[0]).split("small.yaml:")[1].startswith("5: engines.")


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (
            "      packge: a==1\n",
            "7: engines.one.weights: expected one of the keys 'package', 'hub'",
        ),
        ("      hub: ../etc\n", "8: engines.one.weights.hub: string should match pattern"),
        ("      hub: a/b\n", "1: hub: true where an engine's weights come from a hub"),
        (
            "      folder: x\n      tokenzer: y\n",
            "9: engines.one.weights.tokenzer: unknown key; did",
        ),
        (
            f"      package: a==1\n      sha256: {'a' * 64}\n      recipe: minilm-adapter\n",
            "7: engines.one.weights: adapter: given exactly when recipe is 'minilm-adapter'",
        ),
        (
            "      package: a\n      sha256: 'no'\n      recipe: minilm\n",
            "8: engines.one.weights.package: string should match pattern",
        ),
    ],
)
def test_a_mistake_in_weights(folders: Folders, weights: str, expected: str) -> None:
    folders.write("package/profiles/small.yaml", WEIGHTS.format(weights))
    first = str(folders.mistakes()[0])
    assert f"small.yaml:{expected}" in first


def test_no_stand_in_for_a_safety_model(folders: Folders) -> None:
    folders.write("package/models/alpha.yaml", CARD + "safety: true\n")
    folders.write("package/profiles/small.yaml", PROFILE + "    stands_in: Tiny\n")
    assert folders.only_mistake() == (
        "small.yaml:10: models.@cf/test/alpha.stands_in: nothing may stand in for a safety model; "
        "give it its own weights"
    )


def test_the_same_model_twice_under_two_names(folders: Folders) -> None:
    folders.write("package/models/alpha.yaml", CARD + "aliases: ['@cf/test/old']\n")
    text = PROFILE + '  "@cf/test/old":\n    engine: one\n'
    folders.write("package/profiles/small.yaml", text)
    assert "the same model as @cf/test/alpha" in folders.only_mistake()


def test_mistakes_of_all_files_are_told_at_once(folders: Folders) -> None:
    folders.write("package/models/alpha.yaml", CARD + "a: 1\nb: 2\n")
    folders.write("package/models/beta.yaml", "[")
    folders.write("data/profiles/mine.yaml", PROFILE + "c: 3\n")
    assert [(item.file.name, item.key) for item in folders.mistakes()] == [
        ("mine.yaml", "c"),
        ("alpha.yaml", "a"),
        ("alpha.yaml", "b"),
        ("beta.yaml", ""),
    ]


def test_one_name_in_two_files(folders: Folders) -> None:
    folders.write("package/models/beta.yaml", CARD)
    assert folders.only_mistake() == "beta.yaml:1: name: @cf/test/alpha is already in alpha.yaml"


def test_an_alias_of_two_models(folders: Folders) -> None:
    alias = "aliases: ['@cf/test/old']\n"
    folders.write("package/models/alpha.yaml", CARD + alias)
    folders.write("package/models/beta.yaml", CARD.replace("alpha", "beta") + alias)
    assert folders.only_mistake().startswith("beta.yaml:5: aliases[0]: @cf/test/old already names")


def test_an_alias_that_is_the_name_of_another_model(folders: Folders) -> None:
    folders.write("package/models/beta.yaml", CARD.replace("alpha", "beta"))
    folders.write("package/models/alpha.yaml", CARD + "aliases: ['@cf/test/beta']\n")
    assert folders.only_mistake().startswith(
        "alpha.yaml:5: aliases[0]: @cf/test/beta already names"
    )


def test_an_input_schema_that_does_not_exist(folders: Folders) -> None:
    folders.write("package/schemas/text-generation-strict.yaml", "type: object\n")
    assert folders.only_mistake().startswith(
        "alpha.yaml:4: input: there is no input schema 'text-generation'; did you mean"
    )
    folders.write("data/schemas/text-generation.json", "{}")
    assert folders.load().cards["@cf/test/alpha"].input == "text-generation"


def test_an_operator_adds_a_card_and_a_profile(folders: Folders) -> None:
    folders.write("data/cards/mine.yaml", CARD.replace("alpha", "mine"))
    text = PROFILE.replace("name: small", "name: big").replace("alpha", "mine")
    folders.write("data/profiles/mine.yaml", text)
    catalog = folders.load()
    assert set(catalog.cards) == {"@cf/test/alpha", "@cf/test/mine"}
    assert set(catalog.profiles) == {"small", "big"}


def test_an_operators_card_changes_only_the_keys_that_it_gives(folders: Folders) -> None:
    text = 'name: "@cf/test/alpha"\ndeprecated_on: 2026-05-30\nrefuse_deprecated: true\n'
    folders.write("data/cards/alpha.yaml", text)
    card = folders.load().cards["@cf/test/alpha"]
    assert card.refuse_deprecated
    assert card.family == "test"


def test_a_mistake_in_an_operators_change_is_told_at_their_file(folders: Folders) -> None:
    file = folders.write("data/cards/x.yaml", 'name: "@cf/test/alpha"\ncontext_window: none\n')
    (mistake,) = folders.mistakes()
    assert (mistake.file, mistake.line, mistake.key) == (file, 2, "context_window")


def test_an_operators_profile_replaces_the_packaged_one(folders: Folders) -> None:
    folders.write("data/profiles/any.yaml", PROFILE.replace("For a test.", "Mine."))
    assert folders.load().profiles["small"].description == "Mine."


def test_other_files_are_left_alone(folders: Folders) -> None:
    folders.write("data/cards/notes.txt", "not a card")
    folders.write("data/cards/alpha.yaml~", "[")
    assert len(folders.load().cards) == 1


KEYS = st.sampled_from(
    ["name", "task", "engines", "models", "weights", "defaults", "hub", "aliases", "hardware", "x"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["@cf/test/alpha", "Text Generation", "fake", "cpu", "a==1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.one_of(
        st.text(max_size=80),
        VALUES.map(lambda value: json.dumps(value)),
        VALUES.map(lambda value: yaml.safe_dump(value, allow_unicode=True)),
        st.text(max_size=40).map(lambda tail: CARD + tail),
        st.text(max_size=40).map(lambda tail: PROFILE + tail),
    )
)
def test_any_text_is_a_catalogue_or_a_catalog_error(folders: Folders, text: str) -> None:
    for path in ("package/models/alpha.yaml", "package/profiles/small.yaml", "data/cards/any.yaml"):
        file = folders.write(path, "")
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        folders.load()
    except CatalogError as error:
        told = error
    else:
        return
    assert told.mistakes
    assert str(told).encode()

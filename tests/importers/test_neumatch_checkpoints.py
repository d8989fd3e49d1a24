"""Checkpoints of the published program: every variant in and out, literal logits, wrong files refused."""

import json
import pickle
import shutil
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.trace import trace
from mmtool.choices import Modality
from mmtool.formats.alignments import read_alignment
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features, write_features
from mmtool.formats.snippets import read_snippets
from mmtool.records import EncoderIdentity
from mmtool.stages.shared.trained_network import load_network
from support.commands import EXTRACT, TRAIN, call, complaint
from support.corpora import make_corpus

# The authors' names and shapes, written again here.
RP_ENCODER = {
    "encoder.sfc1.weight": (300, 300),
    "encoder.sfc1.bias": (300,),
    "encoder.vfc1.weight": (300, 300),
    "encoder.vfc1.bias": (300,),
    "encoder.vfc2.weight": (300, 300),
    "encoder.vfc2.bias": (300,),
}
FULL_ENCODER = {
    "encoder.sfc1.weight": (300, 768),
    "encoder.sfc2.weight": (300, 300),
    "encoder.sfc2.bias": (300,),
    "encoder.vfc1.weight": (300, 2048),
    "encoder.vfc2.weight": (300, 300),
    "encoder.vfc2.bias": (300,),
    "encoder.vfc3.weight": (300, 300),
    "encoder.vfc3.bias": (300,),
}
ENCODERS = {
    "rp": RP_ENCODER,
    "full": FULL_ENCODER,
    "lxmert": FULL_ENCODER | {"encoder.vfc1.weight": (300, 768)},
}
INPUTS = {"vrnn_layer1": 300, "srnn_layer1": 300, "arnn_layer1": 3, "mrnn_layer1": 600}
HIDDEN = {"vrnn": 300, "srnn": 300, "arnn": 8, "mrnn": 20}
LAYER_NORMED = {"sbn": "", "none": "", "2ln": "vrnn srnn", "4ln": "vrnn srnn arnn mrnn"}
BATCH_NORM = {"weight": (300,), "bias": (300,), "running_mean": (300,), "running_var": (300,)}
CLASSIFIER = {"f1.weight": (300, 638), "f1.bias": (300,), "f2.weight": (3, 300), "f2.bias": (3,)}


def shapes_of(encoder: str, normalisation: str) -> dict[str, tuple[int, ...]]:
    shapes = dict(ENCODERS[encoder])
    for stack, h in HIDDEN.items():
        for layer in ("layer1", "layer2"):
            name = f"{stack}_{layer}"
            shapes[f"{name}.weight_ih"] = (4 * h, INPUTS.get(name, h))
            shapes[f"{name}.weight_hh"] = (4 * h, h)
            if stack in LAYER_NORMED[normalisation]:
                for norm, width in (("i", 4 * h), ("h", 4 * h), ("c", h)):
                    shapes[f"{name}.layernorm_{norm}.weight"] = (width,)
                    shapes[f"{name}.layernorm_{norm}.bias"] = (width,)
            else:
                shapes[f"{name}.bias_ih"] = shapes[f"{name}.bias_hh"] = (4 * h,)
    if normalisation == "sbn":
        for norm in ("VideoStackBN", "TextStackBN"):
            shapes |= {f"{norm}.{part}": shape for part, shape in BATCH_NORM.items()}
            shapes[f"{norm}.num_batches_tracked"] = ()
    return shapes | CLASSIFIER


def random_tensors(encoder: str, normalisation: str, seed: int = 0) -> OrderedDict[str, torch.Tensor]:
    """Numbers of a size that keeps every part of the network alive; counts differ from one another."""
    generator, tensors = torch.Generator().manual_seed(seed), OrderedDict()
    for name, shape in shapes_of(encoder, normalisation).items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(1000 + len(tensors))
        elif name.endswith("running_var"):
            tensors[name] = 0.05 + values.abs() / 10
        elif len(shape) == 2:
            tensors[name] = values * (2 / shape[1]) ** 0.5
        else:
            tensors[name] = values / 10 + ("norm_" in name and name.endswith("weight"))
    tensors["f1.weight"][:, -10:] *= 0.1  # counts, larger than the rest of the state
    tensors["f2.weight"] *= 3  # spread the classes, so that every action occurs
    return tensors


def hollow_tensors(encoder: str = "rp", normalisation: str = "sbn") -> OrderedDict[str, torch.Tensor]:
    """Zeros of the right shapes that take no room on disk."""
    return OrderedDict(
        (name, torch.zeros((), dtype=torch.int64 if name.endswith("tracked") else None).expand(shape))
        for name, shape in shapes_of(encoder, normalisation).items()
    )


def save(path: Path, tensors, epoch=349, **more) -> Path:
    torch.save({"model_state_dict": tensors, "epoch": epoch, **more}, path)
    return path


class Theirs:
    """The published network, literally, one video at a time, read off the authors' names."""

    def __init__(self, tensors, actions=ONE_TO_MANY) -> None:
        self.t, self.actions = tensors, [str(action) for action in actions]

    def dense(self, name, x):
        bias = self.t.get(f"{name}.bias", torch.zeros(300))
        return torch.relu(self.t[f"{name}.weight"] @ x + bias)

    def layer_norm(self, name, x):
        deviation = torch.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
        return (x - x.mean()) / deviation * self.t[f"{name}.weight"] + self.t[f"{name}.bias"]

    def cell(self, name, x, h, c):
        by_input, by_hidden = self.t[f"{name}.weight_ih"] @ x, self.t[f"{name}.weight_hh"] @ h
        if f"{name}.bias_ih" in self.t:
            gates = by_input + self.t[f"{name}.bias_ih"] + by_hidden + self.t[f"{name}.bias_hh"]
        else:
            gates = self.layer_norm(f"{name}.layernorm_i", by_input)
            gates = gates + self.layer_norm(f"{name}.layernorm_h", by_hidden)
        i, f, g, o = gates.chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if f"{name}.bias_ih" not in self.t:
            c = self.layer_norm(f"{name}.layernorm_c", c)
        return torch.sigmoid(o) * torch.tanh(c), c

    def push(self, stack, x, state):
        h1, c1 = self.cell(f"{stack}_layer1", x, *state[:2])
        return (h1, c1, *self.cell(f"{stack}_layer2", h1, *state[2:]))

    def read(self, letter, stack, norm, features):
        """Features (L, D) → the stack's outputs, from the end of the sequence to its start."""
        layers = sorted({name.split(".")[1] for name in self.t if name.startswith(f"encoder.{letter}fc")})
        state, outputs = (torch.zeros(300),) * 4, []
        for x in reversed(features):
            for layer in layers:
                x = self.dense(f"encoder.{layer}", x)
            state = self.push(stack, x, state)
            out = state[2]
            if f"{norm}.weight" in self.t:
                t = {part: self.t[f"{norm}.{part}"] for part in BATCH_NORM}
                out = (out - t["running_mean"]) / torch.sqrt(t["running_var"] + 1e-5)
                out = out * t["weight"] + t["bias"]
            outputs.insert(0, out)
        return outputs

    def decode(self, clips, snippets, gold=None):
        """Logits of each step and the matches: of the ``gold`` actions, or of the most probable ones."""
        video = self.read("v", "vrnn", "VideoStackBN", clips)
        text = self.read("s", "srnn", "TextStackBN", snippets)
        done, matched, before = (torch.zeros(8),) * 4, (torch.zeros(20),) * 4, (torch.zeros(20),) * 4
        i = j = 0
        logits, matches = [], []
        while i < len(video) and j < len(text) and (gold is None or len(logits) < len(gold)):
            a, b, c, d = len(video) - i, len(text) - j, len(video) + 1, len(text) + 1
            position = [a, b, a / c, b / d, c / a, d / b, a / b, b / a, (c - a) / (d - b), (d - b) / (c - a)]
            state = [video[i], text[j], done[0] + done[2], matched[0] + matched[2], torch.tensor(position)]
            logits.append(self.t["f2.weight"] @ self.dense("f1", torch.cat(state)) + self.t["f2.bias"])
            number = int(logits[-1].argmax()) if gold is None else int(gold[len(logits) - 1])
            done = self.push("arnn", torch.eye(len(self.actions))[number], done)
            action = self.actions[number]
            if action.startswith("match"):
                before = before if (i - 1, j) in matches else matched
                matches.append((i, j))
                clips_of_j = torch.stack([video[k] for k, snippet in matches if snippet == j])
                matched = self.push("mrnn", torch.cat([clips_of_j.mean(dim=0), text[j]]), before)
            i += action != "pop-text"
            j += action in ("pop-text", "match")
        return torch.stack(logits), matches


def add_features(corpus: Corpus, name: str, modality: Modality, dimension: int) -> None:
    """Random features, with a mean and a spread of their own for each dimension."""
    rng, groups = np.random.default_rng(dimension), {}
    spread, mean = rng.uniform(0.5, 2, dimension), rng.uniform(-1, 1, dimension)
    for id in sorted(corpus.known_ids()):
        intervals, snippets = None, None
        if modality is Modality.VIDEO:
            intervals = np.array([clip.interval for clip in read_clips(corpus.clips(id))])
        else:
            snippets = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        rows = rng.standard_normal((6 if snippets is None else len(snippets), dimension)) * spread + mean
        groups[id] = FeatureGroup(rows.astype(np.float32), intervals, snippets, recipe=id)
    source = EncoderIdentity(name, "made up", "none", dimension)
    write_features(corpus.features(name), FeaturesHeader(modality, (source,)), groups)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A corpus with features of the widths that the paper's networks read, projected too."""
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    add_features(corpus, "frcnn", Modality.VIDEO, 2048)
    add_features(corpus, "lxmert", Modality.VIDEO, 768)
    add_features(corpus, "bert", Modality.TEXT, 768)
    call("project", corpus.root, "--video", "frcnn")
    return corpus


@pytest.fixture
def corpus(pristine, tmp_path):
    shutil.copytree(pristine.root, tmp_path / "corpus")
    yield Corpus(tmp_path / "corpus")
    shutil.rmtree(tmp_path)  # checkpoints are large


VIDEO = {"rp": "frcnn", "full": "frcnn", "lxmert": "lxmert"}
VARIANTS = [(encoder, norm) for encoder in ENCODERS for norm in LAYER_NORMED]


def import_file(corpus, path, *options, run="published", video="frcnn", code=0):
    command = ("import", "checkpoint", path, corpus.root, "--run", run, "--video", video)
    return call(*command, *options, code=code)


@pytest.mark.parametrize(("encoder", "normalisation"), VARIANTS)
def test_every_variant_gives_the_published_logits_and_returns_bit_by_bit(
    corpus, tmp_path, encoder, normalisation
):
    tensors = random_tensors(encoder, normalisation)
    path = save(tmp_path / "best.pth", tensors)
    import_file(corpus, path, video=VIDEO[encoder])
    checkpoint = read_checkpoint(corpus.run("published") / "last.pt")
    assert checkpoint.settings["inputs"] == ("rp" if encoder == "rp" else "full")
    assert checkpoint.settings["normalisation"] == normalisation

    rng = np.random.default_rng(1)
    widths = [tensors[f"encoder.{name}.weight"].shape[1] for name in ("vfc1", "sfc1")]
    clips, snippets = (
        rng.standard_normal((n, d)).astype(np.float32) for n, d in zip((5, 3), widths, strict=True)
    )
    gold = np.array([2, 2, 1, 0, 2])  # two clips of snippet 0, nothing, one clip of snippet 1
    with torch.no_grad():
        got = load_network(checkpoint, Path("last.pt"))(
            Sequences.pad([clips]),
            Sequences.pad([snippets]),
            Traces.pad([trace(gold, 5, 3, ActionSet(ONE_TO_MANY))]),
        )
        want, _ = Theirs(tensors).decode(torch.from_numpy(clips), torch.from_numpy(snippets), gold)
    assert want.std() > 0.1
    torch.testing.assert_close(got[0], want, atol=1e-5, rtol=1e-5)

    call("export", "checkpoint", corpus.root, "--run", "published", "-o", tmp_path / "back.pth")
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    assert back.keys() == {"model_state_dict", "epoch"}
    assert back["epoch"] == 349
    assert back["model_state_dict"].keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back["model_state_dict"][name].dtype == tensor.dtype
        assert torch.equal(back["model_state_dict"][name], tensor), name


@pytest.mark.parametrize(("encoder", "normalisation"), [("rp", "sbn"), ("full", "2ln")])
def test_an_imported_run_aligns_as_the_published_network_does(corpus, tmp_path, encoder, normalisation):
    """On the features as the corpus transforms them: projected, or standardised on the training split."""
    tensors = random_tensors(encoder, normalisation, seed=3)
    import_file(corpus, save(tmp_path / "best.pth", tensors))
    call("align", corpus.root, "--run", "published")
    kinds = set()
    for id in sorted(corpus.known_ids()):
        clips, snippets = (transformed(corpus, name, encoder, id) for name in ("frcnn", "bert"))
        logits, matches = Theirs(tensors).decode(clips, snippets)
        assert list(read_alignment(corpus.alignment("published", id))[0].matches) == matches
        kinds |= set(logits.argmax(dim=1).tolist())
    assert kinds == {0, 1, 2}


def transformed(corpus, name, encoder, id):
    if encoder == "rp":
        with open_features(corpus.features(f"{name}.rp")) as file:
            return torch.from_numpy(file.read(id).features)
    with open_features(corpus.features(name)) as file:
        train = np.concatenate([file.read(one).features for one in ("v0", "v1", "v2")]).astype(np.float64)
        rows = (file.read(id).features - train.mean(axis=0)) / train.std(axis=0)
    return torch.from_numpy(rows.astype(np.float32))


def test_five_actions_need_their_names_in_class_order(corpus, tmp_path):
    tensors = random_tensors("rp", "none")
    for name in ("f2.weight", "f2.bias", "arnn_layer1.weight_ih"):
        shape = list(tensors[name].shape)
        shape[shape.index(3)] = 5
        tensors[name] = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    path = save(tmp_path / "five.pth", tensors)
    line = complaint(import_file(corpus, path, code=2), "five.pth")
    assert "5 actions" in line
    assert "--action" in line
    names = [part for action in MANY_TO_MANY for part in ("--action", str(action))]
    complaint(import_file(corpus, path, *names[:-2], code=2), "not 4")
    complaint(import_file(corpus, path, *names[:-2], *names[:2], code=2), "--action")
    assert not corpus.run("published").exists()
    import_file(corpus, path, *names)

    gold = np.array([3, 0, 2, 2, 1])  # the order of MANY_TO_MANY: match is 3
    clips, snippets = (torch.randn(n, 300, generator=torch.Generator().manual_seed(n)) for n in (5, 3))
    with torch.no_grad():
        got = load_network(read_checkpoint(corpus.run("published") / "last.pt"), Path("last.pt"))(
            Sequences.pad([clips.numpy()]),
            Sequences.pad([snippets.numpy()]),
            Traces.pad([trace(gold, 5, 3, ActionSet(MANY_TO_MANY))]),
        )
    want, _ = Theirs(tensors, MANY_TO_MANY).decode(clips, snippets, gold)
    torch.testing.assert_close(got[0], want, atol=1e-5, rtol=1e-5)


def test_names_of_a_parallel_module_and_files_of_old_torch_are_the_same_network(corpus, tmp_path):
    tensors = random_tensors("rp", "sbn")
    parallel = OrderedDict((f"module.{name}", tensor) for name, tensor in tensors.items())
    parallel._metadata = OrderedDict({"": {"version": 1}})  # as state_dict() leaves it
    import_file(corpus, save(tmp_path / "parallel.pth", parallel), run="parallel")
    content = {"model_state_dict": tensors, "epoch": 349, "optimizer_state_dict": {"state": {}}}
    torch.save(content, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    import_file(corpus, tmp_path / "old.pth", run="old")
    one, other = (read_checkpoint(corpus.run(run) / "last.pt").network for run in ("parallel", "old"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(one["classifier.1.weight"], tensors["f2.weight"])


def changed(name, value):
    def spoil(tensors):
        tensors[name] = value

    return spoil


def removed(name):
    return lambda tensors: tensors.pop(name)


@pytest.mark.parametrize(
    ("variant", "spoil", "words"),
    [
        ("rp sbn", removed("f2.bias"), "has no tensor 'f2.bias'"),
        ("rp sbn", removed("TextStackBN.running_var"), "has no tensor 'TextStackBN.running_var'"),
        ("full 4ln", removed("arnn_layer2.weight_hh"), "has no tensor 'arnn_layer2.weight_hh'"),
        ("full sbn", removed("encoder.sfc2.weight"), "has no tensor 'encoder.sfc2.weight'"),
        ("rp sbn", changed("f3.weight", torch.zeros(3)), "has a tensor 'f3.weight'"),
        ("full sbn", changed("encoder.vfc1.bias", torch.zeros(300)), "has a tensor 'encoder.vfc1.bias'"),
        ("rp 2ln", changed("VideoStackBN.weight", torch.zeros(300)), "a tensor 'VideoStackBN.weight'"),
        (
            "rp sbn",
            changed("mrnn_layer2.weight_hh", torch.zeros(80, 30)),
            "mrnn_layer2.weight_hh is 80×30 float32, not 80×20 float32",
        ),
        (
            "rp none",
            changed("arnn_layer1.weight_ih", torch.zeros(32, 5)),
            "arnn_layer1.weight_ih is 32×5 float32, not 32×3 float32",
        ),
        (
            "rp 4ln",
            changed("mrnn_layer1.layernorm_c.bias", torch.zeros(80)),
            "mrnn_layer1.layernorm_c.bias is 80 float32, not 20 float32",
        ),
        (
            "rp sbn",
            changed("VideoStackBN.num_batches_tracked", torch.tensor(1.0)),
            "VideoStackBN.num_batches_tracked is a single float32, not a single int64",
        ),
        ("rp sbn", changed("f1.bias", torch.zeros(300).double()), "f1.bias is 300 float64, not 300 float32"),
        ("rp sbn", changed("encoder.vfc1.weight", torch.zeros(300)), "encoder.vfc1.weight is 300 float32"),
        ("rp sbn", changed("encoder.sfc1.weight", torch.zeros(300, 0)), "encoder.sfc1.weight is 300×0"),
        ("rp sbn", changed("f1.bias", torch.full((300,), torch.nan)), "f1.bias is not finite"),
        ("rp sbn", changed("f1.bias", torch.zeros(300).to_sparse()), "'f1.bias'"),
        ("rp sbn", changed("f1.bias", [0.0] * 300), "'f1.bias'"),
        ("rp sbn", changed(7, torch.zeros(3)), "7 of its 'model_state_dict'"),
    ],
)
def test_the_first_name_or_shape_that_differs_is_named(corpus, tmp_path, variant, spoil, words):
    tensors = hollow_tensors(*variant.split())
    spoil(tensors)
    path = save(tmp_path / "wrong.pth", tensors)
    assert words in complaint(import_file(corpus, path, code=2), "wrong.pth")
    assert not (corpus.root / "runs").exists()


class Malice:
    """Pickles into a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.mkdir, (self.trace,)


def write_bytes(content):
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: None,
        lambda path: path.mkdir(),
        write_bytes(b""),
        write_bytes(b"no checkpoint at all\n" * 50),
        write_bytes(b"\x80\x04."),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"state_dict": hollow_tensors(), "epoch": 1}, path),
        lambda path: torch.save({"model_state_dict": [], "epoch": 1}, path),
        lambda path: torch.save({"model_state_dict": {}, "epoch": 1}, path),
        lambda path: torch.save({"model_state_dict": hollow_tensors()}, path),
        lambda path: save(path, hollow_tensors(), epoch="last"),
        lambda path: path.write_bytes(save(path, hollow_tensors()).read_bytes()[:-100]),
        lambda path: path.write_bytes(pickle.dumps(Malice(path.with_name("trace")))),
        lambda path: save(path, hollow_tensors(), args=Malice(path.with_name("trace"))),
        lambda path: save(path, hollow_tensors() | {"f1.bias": Malice(path.with_name("trace"))}),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_and_never_executed(corpus, tmp_path, write):
    path = tmp_path / "wrong.pth"
    write(path)
    complaint(import_file(corpus, path, code=2), "wrong.pth")
    assert not (corpus.root / "runs").exists()
    assert not (tmp_path / "trace").exists()


def test_a_corpus_without_the_features_says_which_command_makes_them(corpus, tmp_path):
    path = save(tmp_path / "rp.pth", hollow_tensors())
    corpus.features("bert.rp").unlink()
    assert "mmtool project --text bert" in complaint(import_file(corpus, path, code=2), "bert.rp.h5")
    corpus.features("bert").unlink()
    assert "mmtool extract --text-encoder" in complaint(import_file(corpus, path, code=2), "features")
    line = complaint(import_file(corpus, path, video="nothing", code=2), "nothing.rp.h5")
    assert "mmtool project --video nothing" in line
    assert not (corpus.root / "runs").exists()


def test_features_of_another_width_are_refused(corpus, tmp_path):
    full = save(tmp_path / "full.pth", hollow_tensors("full", "sbn"))
    line = complaint(import_file(corpus, full, video="lxmert", code=2), "lxmert.h5")
    assert "has 768 dimensions" in line
    assert "reads 2048" in line
    call("project", corpus.root, "--video", "frcnn", "--dim", 20, "--force")
    line = complaint(import_file(corpus, save(tmp_path / "rp.pth", hollow_tensors()), code=2), "frcnn.rp.h5")
    assert "mmtool project --dim 300 --force" in line
    (corpus.root / "splits" / "train.txt").unlink()
    complaint(import_file(corpus, full, code=2), "train.txt")
    assert not (corpus.root / "runs").exists()


def test_a_run_says_where_it_comes_from_and_is_not_trained_on(corpus, tmp_path):
    result = import_file(corpus, save(tmp_path / "best.pth", hollow_tensors()))
    assert "no projection and no normalisation" in result.stderr
    config = json.loads((corpus.run("published") / "config.json").read_text())
    assert config["imported"]["file"] == "best.pth"
    assert len(config["imported"]["digest"]) == 16
    assert "imported run" in call("info", corpus.run("published") / "config.json").stdout
    assert "checkpoint" in call("info", corpus.run("published") / "last.pt").stdout
    before = (corpus.run("published") / "last.pt").read_bytes()
    train = [*TRAIN[2:], "--run", "published", "--video", "frcnn"]
    line = complaint(call("train", corpus.root, *train, code=2), "published")
    assert "best.pth" in line
    assert "optimiser" in line
    assert (corpus.run("published") / "last.pt").read_bytes() == before
    complaint(call("align", corpus.root, "--run", "published", "--checkpoint", "best", code=2), "best.pt")


def test_the_same_import_is_skipped_and_another_is_refused_until_forced(corpus, tmp_path):
    path = save(tmp_path / "best.pth", hollow_tensors())
    import_file(corpus, path)
    last = corpus.run("published") / "last.pt"
    before = last.read_bytes()
    assert "1 unchanged" in import_file(corpus, path.rename(tmp_path / "renamed.pth")).stdout
    other = save(tmp_path / "other.pth", hollow_tensors(), epoch=1)
    assert "--force" in complaint(import_file(corpus, other, code=2), "published")
    call("project", corpus.root, "--video", "frcnn", "--seed", 5, "--force")
    assert "--force" in complaint(import_file(corpus, tmp_path / "renamed.pth", code=2), "published")
    assert last.read_bytes() == before
    import_file(corpus, other, "--force")
    assert read_checkpoint(last).epoch == 1
    last.unlink()  # as if killed between the two files
    assert "1 done" in import_file(corpus, other).stdout
    assert read_checkpoint(last).epoch == 1


@pytest.mark.parametrize("run", ["", ".", "..", "../clips", "/elsewhere"])
def test_a_run_lies_below_runs(corpus, tmp_path, run):
    path = save(tmp_path / "best.pth", hollow_tensors())
    complaint(import_file(corpus, path, "--force", run=run, code=2), "--run")
    assert len(corpus.clip_ids()) == 6


def test_a_trained_run_travels_through_the_authors_format(tmp_path):
    """Exported, imported again, calibrated and aligned, it decides the same."""
    corpus = make_corpus(tmp_path / "corpus")
    call("extract", corpus.root, *EXTRACT)
    call("project", corpus.root)
    call("train", corpus.root, *TRAIN, "--epochs", 1)
    file = tmp_path / "new" / "r.pth"
    export = ("export", "checkpoint", corpus.root, "--run", "r", "-o", file)
    assert "projection" in call(*export).stderr
    assert "1 unchanged" in call(*export).stdout
    call("import", "checkpoint", file, corpus.root, "--run", "again")
    call("calibrate", corpus.root, "--run", "again")
    for run in ("r", "again"):
        call("align", corpus.root, "--run", run)
    for id in sorted(corpus.known_ids()):
        one, other = (read_alignment(corpus.alignment(run, id))[0] for run in ("r", "again"))
        assert one.matches == other.matches
        assert one.clip_confidence == other.clip_confidence

    save(file, hollow_tensors())
    before = file.read_bytes()
    assert "--force" in complaint(call(*export, code=2), "r.pth")
    assert file.read_bytes() == before
    assert "1 done" in call(*export, "--force").stdout
    complaint(call("export", "checkpoint", corpus.root, "--run", "none", "-o", file, code=2), "none")
    shutil.rmtree(tmp_path)

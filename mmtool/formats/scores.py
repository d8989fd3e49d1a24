"""``scores/<name>/<id>.h5``: how well each clip of a film fits each of its snippets.

``raw`` (N, M) are the logarithms of the odds that a clip shows what a snippet tells, as the model gives them,
``similarity`` (N, M) the cosines of the dual encoder, and ``reranked`` (N, M) says which pairs the fusion
encoder judged; the log-odds of the others follow from the similarity. ``intervals`` (N, 2) and ``snippets``
(M,) say what rows and columns belong to. The attributes of the root name the models and the calibration,
which is applied on reading: so that scores can be calibrated any number of times without rounding.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Split
from mmtool.errors import InputError
from mmtool.formats.atomic import replacing
from mmtool.formats.feature_checks import DIGEST, dataset_in, digest_of, text_attribute, whole
from mmtool.formats.hdf5_damage import reporting_damage
from mmtool.formats.hdf5_heaps import check_heaps
from mmtool.formats.identities import parse_identities
from mmtool.formats.json_files import number
from mmtool.records import Clip, EncoderIdentity, Snippet

FORMAT = "mmtool-scores"
VERSION = 1
REMEDY = "make it again with `mmtool score`"
_KINDS = {"raw": np.float32, "reranked": np.bool_, "similarity": np.float32, "intervals": np.float64}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmScores:
    """The scores of a film of N clips and M snippets.

    Attributes:
        raw: (N, M): log-odds that they belong together, as the model gives them.
        reranked: (N, M): which pairs were judged one by one.
        similarity: (N, M): cosines of clips and snippets.
        intervals: (N, 2): the clips, in seconds.
        snippets: (M,): the texts.
        models: The dual encoder, and the fusion encoder if it is another.
        recipe: A digest of everything that determines the numbers, but for the calibration.
        temperature: By what the log-odds of the model are divided.
        bias: What is then added to them.
        judged_on: The split whose annotated films calibrate and weigh the scores.
    """

    raw: NDArray[np.float32]
    reranked: NDArray[np.bool_]
    similarity: NDArray[np.float32]
    intervals: NDArray[np.float64]
    snippets: Sequence[str]
    models: tuple[EncoderIdentity, ...]
    recipe: str
    temperature: float = 1.0
    bias: float = 0.0
    judged_on: Split = Split.TRAIN

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """The calibrated log-odds (N, M)."""
        odds: NDArray[np.float64] = self.raw.astype(np.float64) / self.temperature + self.bias
        return odds

    def calibrated(self, temperature: float, bias: float) -> "FilmScores":
        """The same scores with another calibration."""
        return replace(self, temperature=temperature, bias=bias)

    def judged_by(self, split: Split) -> "FilmScores":
        """The same scores, judged on another split."""
        return replace(self, judged_on=split)

    def digest(self) -> str:
        """A digest of all that is stored."""
        arrays = [(name, getattr(self, name).astype(kind, copy=False)) for name, kind in _KINDS.items()]
        return digest_of([*arrays, ("snippets", self.snippets), ("attributes", self._attributes())])

    def belongs_to(self, clips: Sequence[Clip], snippets: Sequence[Snippet]) -> bool:
        """Whether these are the clips and the snippets that were scored."""
        intervals = np.array([clip.interval for clip in clips], np.float64).reshape(-1, 2)
        return np.array_equal(intervals, self.intervals) and list(self.snippets) == [
            snippet.text for snippet in snippets
        ]

    def _attributes(self) -> list[str]:
        models = json.dumps([asdict(model) for model in self.models], sort_keys=True)
        return [models, self.recipe, repr(self.temperature), repr(self.bias), str(self.judged_on)]


def write_scores(path: Path, scores: FilmScores) -> None:
    """Write the scores of a film atomically; HDF5 writes to memory, because it may crash on a full disk."""
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        for name, kind in _KINDS.items():
            file.create_dataset(name, data=getattr(scores, name).astype(kind, copy=False))
        file.create_dataset("snippets", data=list(scores.snippets), dtype=h5py.string_dtype())
        models = json.dumps([asdict(model) for model in scores.models], sort_keys=True)
        file.attrs.update(
            {
                "format": FORMAT,
                "version": VERSION,
                "models": models,
                "made": scores.recipe,
                "temperature": scores.temperature,
                "bias": scores.bias,
                "judged_on": str(scores.judged_on),
                DIGEST: scores.digest(),
            }
        )
    with replacing(path) as part, part.open("wb") as file:
        file.write(image.getbuffer())


def is_of_scores(path: Path) -> bool:
    """Whether an HDF5 file says that it holds scores; raises InputError for one that cannot be read."""
    with reporting_damage(path, REMEDY), h5py.File(path, "r") as file:
        return bool(file.attrs.get("format") == FORMAT)


def read_scores(path: Path) -> FilmScores:
    """Read the scores of a film.

    Raises:
        InputError: The file is missing, damaged, not one of scores, or has scores that are not finite.
    """
    if not path.exists():
        raise InputError(path, "no such scores", "make them with `mmtool score`")
    with reporting_damage(path, REMEDY):
        check_heaps(path)
        with h5py.File(path, "r") as file:
            found, stored = _read(path, file)
    for name in ("raw", "similarity"):
        if not np.isfinite(getattr(found, name)).all():
            problem = f"has scores that are not finite numbers ({name})"
            raise InputError(path, problem, "make it again with `mmtool score --force`")
    if stored != found.digest():
        raise InputError(path, "is damaged (wrong checksum)", REMEDY)
    return found


def _read(path: Path, file: h5py.File) -> tuple[FilmScores, str]:
    """The scores and the digest that is stored with them."""
    attrs = file.attrs
    if not isinstance(attrs.get("format"), str) or attrs["format"] != FORMAT:
        raise InputError(path, "is an HDF5 file, but not one of scores", REMEDY)
    if attrs["version"] != VERSION:
        problem = f"has scores version {attrs['version']}, this program reads {VERSION}"
        raise InputError(path, problem, REMEDY)
    arrays = {name: whole(dataset_in(file, name)) for name in _KINDS}
    snippets = [text.decode() for text in whole(dataset_in(file, "snippets"))]
    rows, columns = len(arrays["intervals"]), len(snippets)
    for name, array in arrays.items():
        wanted = (rows, 2) if name == "intervals" else (rows, columns)
        if array.shape != wanted or array.dtype != _KINDS[name]:
            raise ValueError(f"{name} of shape {array.shape} and type {array.dtype}")
    temperature, bias = (number(float(attrs[name])) for name in ("temperature", "bias"))
    if temperature <= 0:
        raise ValueError(f"a temperature of {temperature}")
    scores = FilmScores(
        **arrays,
        snippets=snippets,
        models=parse_identities(text_attribute(attrs, "models")),
        recipe=text_attribute(attrs, "made"),
        temperature=temperature,
        bias=bias,
        judged_on=Split(text_attribute(attrs, "judged_on")),
    )
    return scores, text_attribute(attrs, DIGEST)

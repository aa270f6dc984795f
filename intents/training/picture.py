"""The confusion picture: what was meant against what was read, the darker the oftener."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from intents.training.evaluate import Evaluation

_WORTH_A_NUMBER = 0.05
"""Share of an intent that is read as another one and told in per cent."""


def save_picture(evaluation: Evaluation, file: Path) -> None:
    """Write the picture in the format that the file's ending names; raise ValueError or OSError when that fails."""
    labels = [one.intent for one in evaluation.intents]
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    for meant, read in evaluation.pairs:
        counts[place[meant], place[read]] += 1
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.17 * len(labels)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(np.sqrt(shares), cmap=mpl.colormaps["Blues"], vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=6)
    axes.set_yticks(range(len(labels)), labels, fontsize=6)
    axes.set_xlabel("read as")
    axes.set_ylabel("meant")
    axes.set_title(f"{len(evaluation.pairs)} utterances, accuracy {evaluation.figures['accuracy']:.1%}")
    for row, column in np.argwhere(shares >= _WORTH_A_NUMBER):
        if row != column:
            axes.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", fontsize=5, color="darkred")
    figure.savefig(file, dpi=160)

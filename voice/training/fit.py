"""The three stages of training, each given a share of a fixed wall time.

1. The encoder alone learns which phoneme sounds in each 20 ms: the labels come with the synthetic speech.
2. Encoder and decoder on short rows, with some heads of the decoder pulled to where each token is spoken; without this the
   decoder learns the patterns' language and does not listen.
3. The same mixed with true 30 s windows and their zero tail, as the model is given at work.
"""

import copy
import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from voice.training.batches import IGNORED, Mixer, Plan, Plans, Style
from voice.training.free_run import Trial, judged
from voice.training.network import Shape, Whisper, unused_bias
from voice.training.render import Corpus
from voice.training.speak import RATE
from voice.training.tokens import Tokens

log = logging.getLogger("voice.training")

# how far, in positions of 20 ms, a guided head may look aside, and how strongly it is pulled
_WIDTH = 10.0
_EPSILON = 1e-5
# files that come back from elsewhere may be limited in size
_PART_BYTES = 12_000_000


@dataclass(frozen=True)
class Stage:
    """A part of the training: its share of the time and what counts in it."""

    name: str
    share: float
    decoder: bool
    guide: float
    frames: float
    token_noise: float
    windows: float


@dataclass(frozen=True)
class Run:
    """How training goes on this machine."""

    seconds: float
    device: torch.device
    half: bool  # bfloat16 where it is safe
    batch_seconds: float
    window_rows: int
    windows: float
    workers: int
    peak: float  # learning rate
    seed: int
    check_seconds: float
    dropout: float
    heard_before: bool  # goes on from a state: no first stage

    def stages(self) -> tuple[Stage, ...]:
        """Shares add up to one."""
        late = Stage("windows", 0.45, True, 0.05, 0.2, 0.06, self.windows)
        if self.heard_before:
            return (replace(late, share=1.0),)
        return (
            Stage("frames", 0.1, False, 0.0, 1.0, 0.0, 0.0),
            Stage("guided", 0.45, True, 0.4, 0.3, 0.12, 0.0),
            late,
        )


class Trainer:
    """One training run: the model, its average, and what they learn from."""

    def __init__(
        self, plan: Run, shape: Shape, corpus: Corpus, tokens: Tokens, names: Sequence[str], trial: Trial, out: Path
    ) -> None:
        torch.manual_seed(plan.seed)
        self._plan, self._tokens = plan, tokens
        self._trial, self._out = trial, out
        self.model = Whisper(shape, plan.dropout).to(plan.device)
        self.average = copy.deepcopy(self.model)
        self._head = nn.Linear(shape.width, len(corpus.phones)).to(plan.device)
        self._all = Plans(corpus, tokens, Style(plan.batch_seconds, 0.0, plan.window_rows, 0.0), plan.seed, names)
        self._mixer = Mixer(corpus, plan.device, plan.seed)
        self._bias = unused_bias(tokens.unused, tokens.size).to(plan.device)
        self._learnt = [p for p in (*self.model.parameters(), *self._head.parameters()) if p.requires_grad]
        self._optimiser = torch.optim.AdamW(
            self._learnt, lr=plan.peak, betas=(0.9, 0.98), weight_decay=0.01, fused=plan.device.type == "cuda"
        )
        self._guided = max(1, shape.heads // 2)
        self._step = 0

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Go on from the weights of an earlier run."""
        self.model.load_state_dict(state)
        self.average.load_state_dict(state)

    def run(self) -> None:
        """Train for the plan's time; the averaged state is saved along the way and at the end."""
        began = time.perf_counter()
        done = 0.0
        for stage in self._plan.stages():
            done += stage.share
            self._run(stage, began, began + self._plan.seconds * done)
        self.save()
        self._check(began, "end", window=True)

    def save(self) -> None:
        """Write the averaged weights in half precision, in parts of limited size."""
        keep(self.average, self._out)

    def _run(self, stage: Stage, began: float, until: float) -> None:
        checked = told = time.perf_counter()
        seen, sums, many = 0.0, torch.zeros(4, device=self._plan.device), 0
        first = self._step
        for plan in self._plans(stage):
            now = time.perf_counter()
            if now >= until:
                break
            rate = self._rate((now - began) / self._plan.seconds, self._step - first)
            for group in self._optimiser.param_groups:
                group["lr"] = rate
            sums += self._learn(plan.to(self._plan.device), stage)
            seen += float(plan.lengths.sum()) / RATE
            many += 1
            if now - told > 5:
                losses = (sums / many).tolist()
                log.info(
                    "%s t=%.0f step=%d words=%.3f frames=%.3f guide=%.3f norm=%.2f lr=%.5f speech=%.0fx steps/s=%.1f",
                    *(stage.name, now - began, self._step, *losses, rate, seen / (now - told), many / (now - told)),
                )
                told, seen, many = now, 0.0, 0
                sums.zero_()
            if stage.decoder and now - checked > self._plan.check_seconds:
                self._check(began, stage.name, window=stage.windows > 0)
                self.save()
                checked = told = time.perf_counter()

    def _plans(self, stage: Stage) -> Iterator[Plan]:
        plan = self._plan
        style = Style(plan.batch_seconds, stage.windows, plan.window_rows, stage.token_noise)
        loader: DataLoader[Plan] = DataLoader(
            self._all.styled(style, plan.seed + self._step),
            batch_size=None,
            num_workers=plan.workers,
            prefetch_factor=4 if plan.workers else None,
            pin_memory=plan.device.type == "cuda",
            multiprocessing_context="fork" if plan.workers else None,
        )
        return iter(loader)

    def _rate(self, through: float, steps: int) -> float:
        """The learning rate: warm at each stage's start, held for a third of the time, then falling like a cosine."""
        peak = self._plan.peak * min(1.0, (steps + 1) / 150)
        held = 0.0 if self._plan.heard_before else 0.35
        if through < held:
            return peak
        return peak * max(0.02, 0.5 * (1 + math.cos(math.pi * min(1.0, (through - held) / (1 - held)))))

    def _learn(self, plan: Plan, stage: Stage) -> Tensor:
        mel = self._mixer(plan)
        with torch.autocast(self._plan.device.type, torch.bfloat16, enabled=self._plan.half):
            heard = self.model.hear(mel)
            phones = self._head(heard)
            words, guide = torch.zeros_like(self._bias[0]), torch.zeros_like(self._bias[0])
            if stage.decoder:
                states, looks = self.model.states(plan.inputs, self.model.memory(heard), watched=stage.guide > 0)
                # only where something is to be learnt: the vocabulary is the widest layer
                wanted = plan.targets.flatten()
                scores = self.model.scores(states.flatten(0, 1)).float() + self._bias
                words = functional.cross_entropy(scores, wanted, ignore_index=IGNORED)
                if looks:
                    guide = self._astray(looks, plan.guides)
        frames = functional.cross_entropy(phones.flatten(0, 1).float(), plan.labels.flatten(), ignore_index=IGNORED)
        loss = words + stage.frames * frames + stage.guide * guide
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in self._learnt:
            if parameter.grad is not None:
                # a step gone wrong must not end the run; looking at it here would wait for the device
                torch.nan_to_num_(parameter.grad, 0.0, 0.0, 0.0)
        norm = nn.utils.clip_grad_norm_(self._learnt, 1.0)
        self._optimiser.step()
        self._step += 1
        self._follow()
        return torch.stack((words.detach().float(), frames.detach(), guide.detach().float(), norm.detach()))

    def _astray(self, looks: Sequence[Tensor], guides: Tensor) -> Tensor:
        """How little the guided heads look to where the token is spoken (Tachibana et al. 2017, guided attention)."""
        positions = torch.arange(looks[0].shape[3], device=guides.device)
        near = torch.exp(-(((positions[None, None] - guides[:, :, None]) / _WIDTH) ** 2) / 2)
        inside = guides >= 0
        total = torch.zeros((), device=guides.device)
        for where in looks:
            found = (where[:, : self._guided].float() * near[:, None]).sum(-1)
            total = total - ((found + _EPSILON).log().mean(1) * inside).sum() / inside.sum().clamp(min=1)
        return total / len(looks)

    @torch.no_grad()
    def _follow(self) -> None:
        """The average of the weights over about the last tenth of the steps so far, at most two thousand."""
        share = max(1 / 2000, 10 / (self._step + 10))
        own, averaged = list(self.model.parameters()), list(self.average.parameters())
        torch._foreach_lerp_(averaged, own, share)

    def _check(self, began: float, name: str, *, window: bool) -> None:
        rows = 64 if self._plan.device.type == "cuda" else 8
        line, written = judged(self.average, self._trial, self._tokens, self._bias, window=window, rows=rows)
        log.info("CHECK %s t=%.0f step=%d window=%s %s", name, time.perf_counter() - began, self._step, window, line)
        shown = range(0, len(written), max(1, len(written) // 8))
        for at in shown:
            log.info("    %s | %s", self._trial.sentences[at].written, written[at])


def keep(model: Whisper, out: Path) -> None:
    """Write `state_N.pt` files with the weights in half precision and the model's shape."""
    out.mkdir(parents=True, exist_ok=True)
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, weight in model.state_dict().items():
        half = weight.detach().to("cpu", torch.float16).contiguous()
        size += half.numel() * 2
        if size > _PART_BYTES:
            parts.append({})
            size = half.numel() * 2
        parts[-1][name] = half
    for number, part in enumerate(parts):
        torch.save({"shape": model.shape.as_dict(), "weights": part}, out / f"state_{number}.pt")


def kept(folder: Path) -> tuple[Shape, dict[str, Tensor]]:
    """What `keep` wrote; raises FileNotFoundError where there is nothing."""
    weights: dict[str, Tensor] = {}
    shape: Shape | None = None
    for path in sorted(folder.glob("state_*.pt")):
        part = torch.load(path, map_location="cpu", weights_only=True)
        shape = Shape(**part["shape"])
        weights |= {name: weight.float() for name, weight in part["weights"].items()}
    if shape is None:
        raise FileNotFoundError(f"no state_*.pt in {folder}")
    return shape, weights

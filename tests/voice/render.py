"""Makes the recordings in fixtures/ anew: `python -m tests.voice.render`, with Debian's espeak-ng and libvo-amrwbenc0.

The tests need only the files. Every voice is espeak-ng's; what they say is made up.
"""

import ctypes
import io
import json
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
import pysilk
from numpy.typing import NDArray
from scipy.signal import resample_poly

FIXTURES = Path(__file__).parent / "fixtures"
RATE = 16_000
Mono = NDArray[np.float32]

AGENT_ZH, CUSTOMER_ZH = "cmn-latn-pinyin+f2", "cmn-latn-pinyin+m3"
AGENT_EN, CUSTOMER_EN = "en-us+m3", "en-us+f4"
CALLS = {
    "call_zh": [
        (AGENT_ZH, "您好，我是华东公司的客服，很高兴为您服务。"),
        (CUSTOMER_ZH, "您好，我想了解一下你们的专业版。"),
        (AGENT_ZH, "专业版一年的价格是五千元。"),
        (CUSTOMER_ZH, "这个价格太贵了，能不能再便宜一点？"),
        (AGENT_ZH, "如果下周三之前签合同，我可以给您九折的优惠。"),
        (CUSTOMER_ZH, "我需要先跟老板商量一下。"),
        (AGENT_ZH, "好的，我明天下午两点再给您打电话。"),
        (CUSTOMER_ZH, "请把报价单发到我的邮箱。"),
    ],
    "call_en": [
        (AGENT_EN, "Hello, thank you for calling customer service."),
        (CUSTOMER_EN, "I would like to know more about the enterprise plan."),
        (AGENT_EN, "The enterprise plan costs five thousand dollars a year."),
        (CUSTOMER_EN, "That is too expensive for us. Can you give us a discount?"),
        (AGENT_EN, "I can offer ten percent if you sign the contract this week."),
        (CUSTOMER_EN, "I need to talk to my manager first."),
        (AGENT_EN, "All right, I will call you again on Friday morning."),
        (CUSTOMER_EN, "Please send the quotation to my email address."),
    ],
    "alone_zh": [
        (CUSTOMER_ZH, text)
        for text in (
            "今天拜访了华康的王总。",
            "他们想买二十套专业版。",
            "价格还要再谈。",
            "下周三我再去一次。",
            "请把报价单准备好。",
            "他们的老板还没有批预算。",
            "我觉得这个月底可以签合同。",
        )
    ],
    "alone_en": [
        (AGENT_EN, text)
        for text in (
            "I visited the northern group today.",
            "They would like to buy twenty licences of the enterprise plan.",
            "The price is still open.",
            "I will see them again next Wednesday.",
            "Please prepare the quotation.",
            "Their manager has not approved the budget yet.",
            "I think that they can sign at the end of the month.",
        )
    ],
}

FOREIGN = [
    ("fr+f2", "Bonjour, je voudrais parler de votre nouvelle offre."),
    ("fr+m3", "Le prix est beaucoup trop élevé pour nous."),
    ("de+f2", "Ich muss nächste Woche mit meinem Chef darüber sprechen."),
    ("de+m3", "Wir brauchen drei Geräte bis zum Ende des Monats."),
    ("ja+f2", "らいしゅうのかようびにおでんわします。"),
    ("es+m3", "¿Puede enviarme un presupuesto por correo?"),
]
"""What the built-in model knows nothing of."""


def spoken(text: str, voice: str, speed: int = 165, pitch: int = 50) -> Mono:
    """A sentence as espeak-ng says it, at 16 kHz, without the silence around it."""
    done = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text], check=True, capture_output=True
    )
    with wave.open(io.BytesIO(done.stdout)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    sound = np.asarray(resample_poly(raw, 320, 441), np.float32)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[loud[0] : loud[-1] + 1]


def rendered(lines: list[tuple[str, str]], pause: float = 0.7) -> tuple[Mono, list[dict[str, object]]]:
    """Lines one after the other in a quiet room, with who speaks when."""
    parts, said, at = [], [], 0.5
    voices = list(dict.fromkeys(voice for voice, _ in lines))
    parts.append(np.zeros(round(at * RATE), np.float32))
    for voice, text in lines:
        sound = spoken(text, voice) * 0.8
        said.append(
            {"start": round(at, 3), "end": round(at + len(sound) / RATE, 3), "voice": voices.index(voice), "text": text}
        )
        parts += [sound, np.zeros(round(pause * RATE), np.float32)]
        at += len(sound) / RATE + pause
    whole = np.concatenate(parts)
    return whole + np.random.default_rng(0).normal(0, 0.001, len(whole)).astype(np.float32), said


def write(path: Path, sound: Mono, codec: str, rate: int, bit_rate: int, options: dict[str, str] | None = None) -> None:
    """Encode one channel of 16 kHz sound with PyAV."""
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="mono", options=options or {})
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray((sound * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.rate = RATE
        resampler = av.AudioResampler(stream.format, "mono", rate)
        fifo = av.AudioFifo()
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            one.pts = None
            fifo.write(one)
        size = stream.codec_context.frame_size or 1024
        while (chunk := fifo.read(size)) is not None or (chunk := fifo.read(0, partial=True)) is not None:
            out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))


def amr_wide(sound: Mono) -> bytes:
    """AMR-WB with comfort noise, by the encoder that PyAV does not carry."""
    library = ctypes.CDLL("libvo-amrwbenc.so.0")
    library.E_IF_init.restype = ctypes.c_void_p
    library.E_IF_encode.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    state, out = library.E_IF_init(), ctypes.create_string_buffer(64)
    pcm = (sound * 32767).astype(np.int16)
    coded = b"#!AMR-WB\n"
    for at in range(0, len(pcm) - 319, 320):
        frame = np.ascontiguousarray(pcm[at : at + 320])
        size = library.E_IF_encode(state, 2, frame.ctypes.data, out, 1)
        coded += out.raw[:size]
    return coded


def main() -> None:
    FIXTURES.mkdir(exist_ok=True)
    truth = {}
    for name, lines in CALLS.items():
        sound, truth[name] = rendered(lines)
        write(FIXTURES / f"{name}.ogg", sound, "libopus", 16_000, 14_000)
    (FIXTURES / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write(FIXTURES / "foreign.ogg", rendered(FOREIGN)[0], "libopus", 16_000, 14_000)
    short, _ = rendered(CALLS["call_zh"][1:3], pause=1.5)
    write(FIXTURES / "comfort_noise.amr", short, "libopencore_amrnb", 8_000, 6_700, {"dtx": "1"})
    (FIXTURES / "comfort_noise_wide.amr").write_bytes(amr_wide(short))
    coded = io.BytesIO()
    pysilk.encode(io.BytesIO((short * 32767).astype(np.int16).tobytes()), coded, RATE, 12_000)
    (FIXTURES / "wechat.silk").write_bytes(coded.getvalue())


if __name__ == "__main__":
    main()

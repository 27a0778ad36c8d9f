"""The converters that ttsd brings: declared as engines are, and installed and run as they are. Pure data.

A converter gets the sound of a sentence in place of its text, and gives it back in another voice.
"""

from __future__ import annotations

from ttsd.engines.entry import Entry
from ttsd.engines.options import Option
from ttsd.engines.recipe import Recipe, Step

_PITCHES = ("dio", "harvest", "crepe", "crepe-tiny")
_DEVICES = ("auto", "cpu", "cuda", *(f"cuda:{number}" for number in range(8)))

CONVERTERS: tuple[Entry, ...] = (
    Entry(
        name="sovits",
        label="so-vits-svc",
        description="Makes a voice that a model was trained on out of any other.",
        pros=("any engine in a voice of yours",),
        cons=("wants the whole sentence first", "slow without a graphics card", "no longer maintained"),
        languages=("*",),
        cloning=True,
        code_licence="MIT",
        weights_licence="the model's own; a voice is its owner's",
        load_timeout=180.0,
        first_chunk_timeout=60.0,
        idle_timeout=60.0,
        fastest_pace=None,
        cancel_grace=3.0,
        adapter="ttsd.engines.adapters.sovits:Sovits",
        modules=("so_vits_svc_fork",),
        recipe=Recipe(
            steps=(
                Step(packages=("torch==2.13.0",), torch=True),
                Step(
                    packages=(
                        # pkg_resources is what pyworld asks for its version.
                        *("setuptools==80.10.2", "numpy==2.4.6", "transformers==4.57.6", "librosa==0.11.0"),
                        *("pyworld==0.3.5", "resampy==0.4.3", "scikit-learn==1.9.1", "matplotlib==3.11.2"),
                        *("requests==2.34.2", "rich==15.0.0", "tqdm==4.70.1", "attrs==26.1.0"),
                        "cm-time==0.1.2",
                    )
                ),
                # Its own pins bring a trainer and its windows.
                Step(
                    packages=("torchaudio==2.11.0", "torchcrepe==0.0.24", "so-vits-svc-fork==4.2.30"),
                    bare=True,
                ),
            ),
            megabytes=2000,
            python=((3, 11), (3, 14)),
        ),
        aliases=("so-vits-svc", "so-vits-svc-fork"),
        options=(
            Option("model", str, "The model's file or folder; its own folder is called sovits.", loads=True),
            Option("config", str, "Its configuration; default: config.json beside it.", loads=True),
            Option(
                "hubert",
                str,
                "Folder of the content-vec network; default: content-vec-best beside it.",
                loads=True,
            ),
            Option("device", str, "Where it computes.", "auto", choices=_DEVICES, loads=True),
            Option("speaker", str, "Who of the model's speakers, where it has several."),
            Option("transpose", int, "Semitones up (below 0: down).", 0, -36, 36),
            Option("f0_method", str, "How the pitch is found.", "dio", choices=_PITCHES),
            Option(
                "auto_predict_f0", bool, "Let the model choose the pitch, in place of following it.", False
            ),
            Option("noise_scale", float, "How much it varies.", 0.4, 0.0, 2.0),
        ),
    ),
)

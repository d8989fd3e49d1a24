"""Names of the built-in encoders and rerankers; importing them loads no library."""

# The built-in encoders; plug-ins add others, and every classifier of torchvision.models is a video encoder.
VIDEO_ENCODERS = (
    "faster-rcnn-resnet50",
    "faster-rcnn-mobilenet",
    "faster-rcnn-vg",
    "lxmert",
    "clip",
    "motion",
    "audio",
    "dino",
    "sound",
    "siglip2",
    "xclip",
    "videoprism",
    "vjepa2",
    "clap",
    "pe-av",
    "pe-av-sound",
    "blip",
    "blip2",
    "timing",
    "spoken",
)
TEXT_ENCODERS = (
    "bert",
    "sentence",
    "lxmert",
    "clip",
    "siglip2",
    "xclip",
    "videoprism",
    "clap",
    "pe-av",
    "pe-av-sound",
    "blip",
    "blip2",
    "length",
)
RERANKERS = ("blip", "blip2", "vilt", "bridgetower")

"""The two-letter codes of languages, as ISO 639-1 lists them."""

AUTO = "auto"

_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de "
    "dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id "
    "ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu "
    "lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu "
    "rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr "
    "ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
)
CODES = frozenset(_CODES.split())


def base_code(code: str) -> str:
    """The language of a code with or without a region: ``pt`` for ``pt-BR`` and for ``PT``."""
    return code.replace("_", "-").split("-")[0].lower()


def is_language(code: str) -> bool:
    """Whether ISO 639-1 has the language of a code."""
    return base_code(code) in CODES

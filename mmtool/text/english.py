"""English words that the rules for sentences and phrases use, in lower case."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Abbreviations, without the final full stop.
BEFORE_NAMES = _words(  # titles, and vs and cf
    "mr mrs ms mx dr prof rev fr sr st mt gen col maj capt cpt lt sgt cpl pvt adm cmdr "
    "gov sen pres insp det messrs mme mlle sra srta vs cf"
)
BEFORE_NUMBERS = _words(  # elsewhere some of them are ordinary words
    "no nos nr vol fig ch pp ca approx jan feb mar apr jun jul aug sep sept oct nov dec"
)
AFTER_NAMES = _words(  # or after a list, so that a sentence may end with them
    "jr inc ltd co corp bros esq etc al ave blvd rd dept est ph.d"
)

# After an abbreviation, one of these with a capital letter nearly always begins a sentence.
STARTERS = _words(
    "the a an he she it they we you i this that these those there here his her their its my our your "
    "and but so or then when while after before as if in on at to with by for from during since "
    "what who why how where now later meanwhile however suddenly finally eventually once one no yes"
)

VERBS = _words(  # common ones that have no typical ending
    "is are was were be been being has have had does do did can could will would must may might should "
    "says said knows knew sees saw gets got goes went comes came takes took makes made finds found tells "
    "told kills leaves left begins began becomes became gives gave falls fell runs ran tries"
)
LINKS = _words("and but who which while when where")  # words that often begin a clause

# ruff: noqa: E501  (one language on a line)
"""How often chardet, charset-normalizer and mmtool tell the encoding of subtitles.

    python tests/benchmarks/encodings.py

Writes the sentences below as SubRip files of several lengths in the encodings of subtitle collections, and
counts the files whose decoded text is right. Needs charset-normalizer beside mmtool.
"""

# ruff: noqa: E501

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import chardet
import charset_normalizer

from mmtool.errors import InputError
from mmtool.text.encoding import read_decoded

LENGTHS = (3, 8, 40, 400)  # cues
SENTENCES = {
    ("cp1251", "koi8-r", "iso8859-5", "cp866"): (
        "Куда ты идёшь так поздно?", "Я не знаю, придёт ли он вечером.", "Мама ждёт меня дома.",
        "Быстрее, поезд уходит!", "Никому не говори об этом.", "Что случилось вчера в порту?",
    ),
    ("cp1252", "iso8859-15"): (
        "Où vas-tu à cette heure ?", "Je ne sais pas s'il viendra ce soir.", "Ma mère m'attend à la maison.",
        "Dépêche-toi, le train s'en va !", "Ne le répète à personne.", "Il était déjà trop tard, hélas.",
    ),
    ("cp1253", "iso8859-7"): (
        "Πού πας τόσο αργά;", "Δεν ξέρω αν θα έρθει.", "Η μητέρα μου περιμένει στο σπίτι.",
        "Έλα γρήγορα, το τρένο φεύγει!", "Μην το πεις σε κανέναν.", "Τι έγινε χθες στο λιμάνι;",
    ),
    ("cp1254", "iso8859-9"): (
        "Bu saatte nereye gidiyorsun?", "Belki yarın gelir, bilmiyorum.", "Annem evde bizi bekliyor.",
        "Çabuk ol, tren kalkıyor!", "Bunu kimseye söyleme.", "Dün gece limanda ne oldu, görmüş müydün?",
    ),
    ("cp1250", "iso8859-2"): (
        "Dokąd idziesz o tej porze?", "Nie wiem, czy przyjdzie wieczorem.", "Moja matka czeka w domu.",
        "Pospiesz się, pociąg odjeżdża!", "Nie mów o tym nikomu, proszę cię.", "Wszystko będzie dobrze.",
    ),
    ("cp1255",): ("לאן אתה הולך בשעה כזאת?", "אמא שלי מחכה בבית.", "תמהר, הרכבת יוצאת!", "אין לנו עוד זמן."),
    ("cp1256",): ("إلى أين تذهب في هذه الساعة؟", "أمي تنتظر في البيت.", "أسرع، القطار سيغادر!", "لم يعد لدينا وقت."),
    ("gb18030", "gbk", "utf-16-le"): (
        "这么晚了你要去哪里？", "我不知道他今晚会不会来。", "我妈妈在家里等着。", "快点，火车要开了！", "不要告诉任何人。",
    ),
    ("big5",): ("這麼晚了你要去哪裡？", "我媽媽在家裡等著。", "快點，火車要開了！", "我們沒有時間了。"),
    ("shift_jis", "euc_jp"): (
        "こんな時間にどこへ行くの？", "母が家で待っている。", "急いで、電車が出るよ！", "誰にも言わないで。", "もう時間がない。",
    ),
    ("euc_kr", "cp949"): (
        "이 시간에 어디 가는 거야?", "어머니가 집에서 기다리고 계셔.", "서둘러, 기차가 떠나!", "아무에게도 말하지 마.",
    ),
}  # fmt: skip


def by_chardet(path: Path) -> str:
    data = path.read_bytes()
    return data.decode(chardet.detect(data)["encoding"] or "utf-8")


def by_charset_normalizer(path: Path) -> str:
    best = charset_normalizer.from_bytes(path.read_bytes()).best()
    return path.read_bytes().decode(best.encoding if best else "utf-8")


def by_mmtool(path: Path) -> str:
    return read_decoded(path)[0]


DETECTORS: dict[str, Callable[[Path], str]] = {
    "chardet": by_chardet,
    "charset-normalizer": by_charset_normalizer,
    "mmtool": by_mmtool,
}


def outcome(detect: Callable[[Path], str], path: Path, text: str) -> str:
    try:
        return "right" if detect(path) == text else "wrong"
    except (InputError, UnicodeDecodeError, LookupError):
        return "refused"


def main() -> None:
    rng = random.Random(0)
    codecs = [(codec, sentences) for codecs, sentences in SENTENCES.items() for codec in codecs]
    print(f"| detector | {' | '.join(f'{length} cues' for length in LENGTHS)} |")
    print(f"|---|{'---|' * len(LENGTHS)}")
    cells: dict[str, list[str]] = {name: [] for name in DETECTORS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.srt"
        for length in LENGTHS:
            counts = {name: {"right": 0, "wrong": 0, "refused": 0} for name in DETECTORS}
            for codec, sentences in codecs:
                spoken = enumerate(rng.choices(sentences, k=length), start=1)
                times = "00:{0:02}:{1:02},000 --> 00:{0:02}:{1:02},900"
                text = "".join(f"{n}\n{times.format(*divmod(n, 60))}\n{said}\n\n" for n, said in spoken)
                data = text.encode(codec, "ignore")
                path.write_bytes(data)
                for name, detect in DETECTORS.items():
                    counts[name][outcome(detect, path, data.decode(codec))] += 1
            for name, count in counts.items():
                cells[name].append(f"{count['right']} ({count['wrong']} wrong)")
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(row)} |")
    print(f"\n{len(codecs)} pairs of language and encoding.")


if __name__ == "__main__":
    main()

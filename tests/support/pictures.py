"""What a folder of pictures holds."""

from xml.etree import ElementTree


def names(folder):
    return {path.name for path in folder.iterdir()}


def svg_texts(path):
    root = ElementTree.parse(path).getroot()  # noqa: S314 – our own file
    return {"".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")}

"""HDF5 files, compared to the bit."""

import h5py
import numpy as np


def contents(path):
    """All arrays and attributes of an HDF5 file, to the bit."""
    found = {}

    def visit(name, item):
        found[name] = (sorted((key, str(value)) for key, value in item.attrs.items()), None)
        if isinstance(item, h5py.Dataset):
            values = item[()]  # strings are objects, whose bytes are addresses
            held = values.tobytes() if item.dtype.kind != "O" else np.asarray(values).tolist()
            found[name] = (found[name][0], (str(item.dtype), item.shape, held))

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return found

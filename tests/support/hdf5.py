"""HDF5 files, compared to the bit."""

import h5py


def contents(path):
    """All arrays and attributes of an HDF5 file, to the bit."""
    found = {}

    def visit(name, item):
        found[name] = (sorted((key, str(value)) for key, value in item.attrs.items()), None)
        if isinstance(item, h5py.Dataset):
            found[name] = (found[name][0], (str(item.dtype), item.shape, item[()].tobytes()))

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return found

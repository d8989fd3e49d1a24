"""A pretended GPU: tensors that claim to be on ``cuda:0``, compute on the CPU, and refuse others.

What fails on a GPU because tensors of two devices meet, or because an operator exists for CPUs only, fails
here in the same place. Gradients and CUDA's own kernels are not pretended::

    with PretendedCuda() as gpu:
        network = on_gpu(network)
        network(batch.to("cuda:0"))
        assert gpu.waits["to the CPU"] == 0
"""

from collections import Counter
from contextlib import ExitStack, nullcontext
from functools import partial
from unittest.mock import patch

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from support.pretended_gpus import KERNELS, properties

aten = torch.ops.aten
GPU = torch.device("cuda", 0)
CAN_PRETEND = hasattr(torch._C, "_ensureCUDADeviceGuardSet")  # older builds want a driver

TAKE_INDICES = {  # indices may be on the CPU
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
    aten._unsafe_index.Tensor,
}
WAIT = {  # operators for whose result the program waits
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten._unique2.default,
    aten.repeat_interleave.Tensor,
    aten.masked_select.default,
}
COPY = {aten._to_copy.default, aten.copy_.default}
CREATE = {aten.zeros_like.default, aten.ones_like.default, aten.empty_like.default, aten.full_like.default}
CPU_ONLY = ("mkldnn", "onednn", "quantized")


class DeviceError(RuntimeError):
    """What torch would say on a GPU."""


class GpuTensor(torch.Tensor):
    """A tensor that claims to be on the GPU; ``on_cpu`` has its numbers."""

    claims = GPU

    @staticmethod
    def __new__(cls, real):
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            real.shape,
            strides=real.stride(),
            storage_offset=real.storage_offset(),
            dtype=real.dtype,
            device=GPU,
        )
        self.on_cpu = real
        return self

    device = property(lambda tensor: tensor.claims)
    is_cuda = property(lambda tensor: tensor.claims.type == "cuda")
    is_mps = property(lambda tensor: tensor.claims.type == "mps")

    def __repr__(self):
        return f"GpuTensor({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_dispatch__(cls, operator, types, args=(), kwargs=None):
        raise DeviceError(f"{operator} was called outside PretendedCuda")


class PretendedCuda(TorchDispatchMode):
    """Within this block there is one GPU.

    Attributes:
        waits: How often the program would have waited for the GPU, by cause.
        calls: How many operators ran on the GPU.
    """

    tensor = GpuTensor

    def __init__(self):
        super().__init__()
        self.waits = Counter()
        self.calls = 0

    def __enter__(self):
        torch._C._ensureCUDADeviceGuardSet()
        self._patches = ExitStack()
        self._patches.enter_context(torch.backends.cudnn.flags(enabled=False))
        tolist = torch.Tensor.tolist
        for target, name, value in (
            (torch.cuda, "is_available", lambda: True),
            (torch.cuda, "device_count", lambda: 1),
            (torch.cuda, "get_device_properties", lambda _: properties()),
            (torch.cuda, "get_arch_list", lambda: KERNELS),
            (torch.cuda, "current_stream", lambda _: _Stream()),
            (torch.cuda, "stream", lambda _: nullcontext()),
            (torch.cuda, "Stream", lambda _: _Stream()),
            (torch.Tensor, "pin_memory", _pinned),
            (torch.Tensor, "record_stream", lambda tensor, _: None),
            (nn.Module, "to", lambda module, *given, **options: self._moved(module, *given, **options)),
            (torch.cuda, "_lazy_init", lambda: None),
            (torch.inference_mode, "__enter__", _enter_without_gradients),  # its tensors cannot be wrapped
            (torch.inference_mode, "__exit__", _exit_without_gradients),
            (nn.RNNBase, "flatten_parameters", lambda _: None),
            (torch.Tensor, "tolist", lambda tensor: tolist(self._fetched(tensor))),
        ):
            self._patches.enter_context(patch.object(target, name, value))
        self._lifts = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(True)
        return super().__enter__()

    def __exit__(self, *error):
        torch._C._set_only_lift_cpu_tensors(self._lifts)
        self._patches.close()
        return super().__exit__(*error)

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        on_gpu = any(isinstance(tensor, GpuTensor) for tensor in tensors)
        wanted = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
        if on_gpu:
            self._check(operator, args, tensors, wanted)
        if operator is aten.copy_.default:
            device = args[0].device
        else:
            device = wanted or (self.tensor.claims if on_gpu else torch.device("cpu"))
        self._count(operator, args, on_gpu, device, kwargs)
        if wanted is not None:
            kwargs["device"] = "cpu"
        real_args, real_kwargs = tree_map(_real, args), tree_map(_real, kwargs)
        with torch._C._DisableTorchDispatch():
            result = LITERAL.get(operator, operator)(*real_args, **real_kwargs)
        if operator is aten._local_scalar_dense.default:
            return result
        if operator.overloadpacket.__name__.endswith("_") or "out" in kwargs:
            returned = operator._schema.returns
            if len(returned) == 1 and returned[0].alias_info is not None and returned[0].alias_info.is_write:
                return kwargs.get("out", args[0])
        if device.type == "cpu":
            return result
        return tree_map(partial(_pretended, kind=self.tensor), result)

    def _check(self, operator, args, tensors, wanted):
        """Raise what torch raises where tensors of both devices meet; only numbers (0-dim) may."""
        if operator.namespace in CPU_ONLY:
            raise DeviceError(f"{operator} exists for CPUs only")
        if operator in COPY or operator is aten.lift_fresh.default or (wanted and operator in CREATE):
            return
        if operator in TAKE_INDICES:
            values = [args[0], *args[2:3]]
            if any(_is_on_cpu(index) for index in args[1]):
                self.waits["indices of the CPU"] += 1
            mixed = not isinstance(args[0], GpuTensor) or any(map(_is_on_cpu, values))
        else:
            joins = operator in (aten.cat.default, aten.stack.default)  # which take no numbers either
            mixed = (
                any(not isinstance(t, GpuTensor) for t in tensors) if joins else any(map(_is_on_cpu, tensors))
            )
        if mixed:
            where = [f"{tuple(tensor.shape)} on {tensor.device}" for tensor in tensors]
            raise DeviceError(f"expected all tensors of {operator} on the same device, not {where}")

    def _count(self, operator, args, on_gpu, device, options):
        self.calls += on_gpu
        if on_gpu and operator in WAIT and "output_size" not in options:
            self.waits[str(operator)] += 1
        if operator is aten._to_copy.default and on_gpu and device.type == "cpu":
            self.waits["to the CPU"] += 1
        if (
            operator is aten._to_copy.default
            and not on_gpu
            and device.type != "cpu"
            and not options.get("non_blocking")
        ):
            self.waits["to the GPU"] += 1
        if operator is aten.copy_.default and isinstance(args[0], GpuTensor) != isinstance(
            args[1], GpuTensor
        ):
            self.waits["between devices"] += 1

    def _fetched(self, tensor):
        if isinstance(tensor, GpuTensor):
            self.waits["to the CPU"] += 1
        return _real(tensor)

    def _moved(self, module, *given, **options):
        """Move a module to the pretended GPU, which torch's own method cannot, after changing its type."""
        devices = [each for each in given if isinstance(each, str | torch.device)]
        others = [each for each in given if each not in devices]
        if others or options:
            module = _move(module, *others, **options)
        moved = any(torch.device(each).type == self.tensor.claims.type for each in devices)
        return on_gpu(module, self.tensor) if moved else module


_move = nn.Module.to


class _Stream:
    def wait_stream(self, _):
        """Everything happens in order here."""


def _pinned(tensor):
    if tensor.device.type != "cpu":
        raise DeviceError("only memory of the CPU can be pinned")
    return tensor.clone()


def on_gpu(module, kind=GpuTensor):
    """A module whose parameters and buffers are moved to the pretended GPU; ``Module.to`` cannot."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                moved = kind(parameter.detach())
                part._parameters[name] = nn.Parameter(moved, requires_grad=False)
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = kind(buffer)
    return module


def _real(value):
    return value.on_cpu if isinstance(value, GpuTensor) else value


def _pretended(value, kind):
    is_plain = isinstance(value, torch.Tensor) and not isinstance(value, GpuTensor)
    return kind(value) if is_plain else value


def _is_on_cpu(value):
    """Whether this is a tensor of the CPU; numbers (0-dim) may be used on every device."""
    return isinstance(value, torch.Tensor) and not isinstance(value, GpuTensor) and value.dim() > 0


def _lstm_cell(of_input, of_hidden, cell, *biases):
    gates = of_input + of_hidden
    for bias in biases:
        gates = gates if bias is None else gates + bias
    i, f, g, o = gates.chunk(4, 1)
    after = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after, gates


LITERAL = {aten._thnn_fused_lstm_cell.default: _lstm_cell}  # kernels that CPUs lack


def _enter_without_gradients(self):
    self.instead = torch.no_grad()
    self.instead.__enter__()


def _exit_without_gradients(self, *error):
    self.instead.__exit__(*error)

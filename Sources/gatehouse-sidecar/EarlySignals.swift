import Threads

/// Blocks the signals that end a process before anything else runs, so that one that comes early waits instead of ending
/// it, or of getting lost in process 1 of a container.
///
/// The loader calls it before it sets up any library (`DT_PREINIT_ARRAY` of the ELF specification). It must not need the
/// Swift runtime.
@section(".preinit_array")
@used
private let blockSignals: @convention(c) () -> Void = { SignalMask.block() }

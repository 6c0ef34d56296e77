import Settings
import Threads

/// Runs before anything else.
///
/// Blocks the signals that end a process, so that one that comes early waits instead of ending it, or of getting lost in
/// process 1 of a container. Takes the numbers of the standard descriptors, so that no library gets them.
///
/// The loader calls it before it sets up any library (`DT_PREINIT_ARRAY` of the ELF specification). It must not need the
/// Swift runtime.
@section(".preinit_array")
@used
private let prepare: @convention(c) () -> Void = {
  SignalMask.block()
  StandardDescriptors.occupy()
}

import Settings
import Threads

/// Runs before anything else.
///
/// It blocks the signals that end a process. An early signal then waits; otherwise it would end the process, or get
/// lost in process 1 of a container. It also occupies the standard descriptors, so that no library gets their numbers.
///
/// The loader calls it before it sets up any library (`DT_PREINIT_ARRAY` of the ELF specification), so it must not use
/// the Swift runtime.
@section(".preinit_array")
@used
private let prepare: @convention(c) () -> Void = {
  SignalMask.block()
  StandardDescriptors.occupy()
}

/// How the process ended, for those who watch it (numbers above 63 after sysexits.h).
package enum ExitCode: Int32, Sendable, CaseIterable {
  /// Stopped, and the last dump is safe on the volume.
  case stopped = 0
  /// Stopped, but the last dump could not be written; or told to stop twice.
  case lastDumpFailed = 1
  /// EX_DATAERR: there are dumps, and none can be loaded, or none that is certainly the newest.
  case noDumpLoads = 65
  /// EX_UNAVAILABLE: the address to listen on can't be had.
  case cannotListen = 69
  /// EX_SOFTWARE: stopped after another task took the lease, with acknowledged changes that its state does not have.
  case changesLeftBehind = 70
  /// EX_OSERR: the system has no thread, descriptor or memory left.
  case systemExhausted = 71
  /// EX_CANTCREAT: the directory of dumps can't be made or written.
  case directoryNotWritable = 73
  /// EX_IOERR: the volume fails, or a dump that may be the newest can't be read.
  case dumpUnreadable = 74
  /// EX_CONFIG: the environment is not in order.
  case configuration = 78
}

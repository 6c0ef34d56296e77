/// The exit codes of the process. Numbers above 63 follow sysexits.h.
package enum ExitCode: Int32, Sendable, CaseIterable {
  /// The gateway stopped, and the last dump is saved.
  case stopped = 0
  /// The gateway stopped but could not write the last dump, or was told repeatedly to stop.
  case lastDumpFailed = 1
  /// EX_DATAERR: there are dumps, but none can be loaded, or none that is certainly the newest.
  case noDumpLoads = 65
  /// EX_UNAVAILABLE: the gateway can't listen on its address.
  case cannotListen = 69
  /// EX_SOFTWARE: the gateway stopped after another task took the lease, and had acknowledged changes that the other
  /// task's state does not contain.
  case changesLeftBehind = 70
  /// EX_OSERR: the system has no thread, descriptor or memory left.
  case systemExhausted = 71
  /// EX_CANTCREAT: the dump directory can't be created or written.
  case directoryNotWritable = 73
  /// EX_IOERR: the volume fails, or a dump that may be the newest can't be read.
  case dumpUnreadable = 74
  /// EX_TEMPFAIL: a command left files alone, because a gateway that runs may be using them.
  case filesInUse = 75
  /// EX_CONFIG: the configuration is invalid.
  case configuration = 78
}

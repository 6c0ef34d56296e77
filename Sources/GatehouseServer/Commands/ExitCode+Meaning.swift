extension ExitCode {
  /// The meaning, for `--help`.
  package var meaning: String {
    switch self {
    case .stopped: "stopped, and everything is saved"
    case .lastDumpFailed: "the last dump was not written (health: not ready; dump diff: they differ)"
    case .noDumpLoads: "no dump can be loaded, or no key opens the newest"
    case .cannotListen: "can't listen"
    case .changesLeftBehind: "another task took the lease, and changes are kept aside"
    case .systemExhausted: "too few threads or descriptors, or too little memory"
    case .directoryNotWritable: "the dump directory can't be created or written"
    case .dumpUnreadable: "the volume fails, or the newest dump can't be read"
    case .filesInUse: "dump restore or rekey left files alone that a gateway may use"
    case .configuration: "the settings are not in order"
    }
  }
}

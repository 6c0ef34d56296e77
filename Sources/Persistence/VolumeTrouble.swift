import DumpDirectory

extension DumpDirectoryError.Code? {
  /// The fault of the volume without paths, for clients. The log contains the path for the operator. `nil` is an error
  /// that is not one of the directory.
  package var sentenceForClients: String {
    switch self {
    case .noSpace?: "the volume is full: free space on it or enlarge it"
    case .notWritable?, .readOnly?: "the volume can't be written: check its permissions and its mount"
    case .exhausted?: "the system has no descriptor or no memory left: raise its limits"
    default: "the volume fails, as the gateway's log says"
    }
  }
}

extension DumpVolume {
  /// The use that this process makes of the cache's file.
  enum CacheAccess: Sendable {
    /// Writes it. A file that none of the keys authenticates is replaced: it is damaged, or its key is gone.
    case owner
    /// Writes it, unless none of the keys authenticates it: this process may be the one with the wrong keys.
    case guest
    /// Writes nothing: the cache stays in memory, and nothing on the volume changes.
    case reader
  }
}

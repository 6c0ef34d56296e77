package import DumpFormat

/// Finds the highest version among a location's dumps. Repeating it is cheap: for a file that did not change since,
/// only the identity is read.
package struct OrderSurvey: Sendable {
  /// The versions that were read, by file name. Files without a version are not kept: one that can't be read now may be
  /// readable later.
  private var known: [String: (identity: FileIdentity, order: DumpOrder)] = [:]

  /// Creates a survey that has read nothing yet.
  package init() {}

  /// Reads the headers of new and changed files.
  ///
  /// - Returns: the highest version, or `nil` when no dump has one.
  /// - Throws: `DumpDirectoryError` when the directory can't be read.
  package mutating func highest(
    in directory: DumpDirectory, _ keyring: DumpKeyring
  ) throws(DumpDirectoryError) -> DumpOrder? {
    let before = known
    known = [:]
    for name in try directory.ownNames() {
      guard let identity = try? FileIdentity(of: "\(directory.location.directory)/\(name)") else { continue }
      if let file = before[name], file.identity == identity {
        known[name] = file
      } else if let order = directory.entry(name, keyring)?.order {
        known[name] = (identity, order)
      }
    }
    return known.values.map(\.order).max()
  }
}

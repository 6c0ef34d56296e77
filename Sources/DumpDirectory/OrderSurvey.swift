package import DumpFormat

/// Finds the highest order that a dump of a location names, again and again at little cost: of a file that is still the one
/// that was read before, only the identity is looked at.
package struct OrderSurvey: Sendable {
  /// By the files' names. Only of files that name an order: one that can't be read now may be readable the next time.
  private var known: [String: (identity: FileIdentity, order: DumpOrder)] = [:]

  package init() {}

  /// - Returns: `nil` when no dump names one.
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

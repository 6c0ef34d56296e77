package import DocumentStore
package import JSON
package import Model

extension SecuritySettings {
  /// These settings with changes.
  ///
  /// - Parameter client: the address of the client that asks for the changes, given the proxies that are trusted.
  /// - Throws: `VAL001` for an address that can't be read; `SEC012` for settings that would lock the client out.
  package func changed(
    by changes: JSONObject, client: (_ trustedProxies: [AddressRange]) -> ClientAddress
  ) throws(RuleViolation) -> SecuritySettings {
    let next = SecuritySettings(document: document.merging(changes))
    if let fault = next.addresses.faults.first { throw RuleViolation("VAL001", fault) }
    let client = client(next.addresses.trustedProxies)
    guard next.addresses.verdict(on: client) == .allowed else {
      throw RuleViolation(
        "SEC012",
        "These settings would lock you out. Your address is \(client.address?.description ?? "unknown"): "
          + "put it into ip_whitelist, or take it out of ip_blacklist")
    }
    return next
  }

  /// Saves the settings. The document's `_id` and unknown fields stay.
  package func save(in transaction: inout Transaction) throws(RuleViolation) {
    if transaction.first(in: Collections.settings, Self.filter) == nil {
      try transaction.inserting(document, into: Collections.settings)
    } else {
      try transaction.setting(document.removing("_id"), in: Collections.settings, Self.filter)
    }
  }
}

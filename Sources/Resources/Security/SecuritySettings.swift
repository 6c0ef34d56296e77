package import DocumentStore
package import JSON

/// The security settings: one document that steers the timer, the dump path and who may call at all.
package struct SecuritySettings: Sendable {
  /// The settings' document.
  package let document: JSONObject

  package static let type = "security_settings"

  package init(document: JSONObject) {
    self.document = document
  }

  /// The settings as they are kept; the defaults of the environment where there are none.
  package init(in reader: some DocumentReader, defaults: Defaults) {
    let stored = reader.first(in: Collections.settings, Self.filter)?.object
    document = stored.map { defaults.document.merging($0) } ?? defaults.document
  }

  /// What the environment says, for a store that has no settings yet.
  package struct Defaults: Sendable {
    package let document: JSONObject

    package init(
      enableAutoSave: Bool, autoSaveFrequencySeconds: Int, dumpPath: String, allowLocalhostBypass: Bool,
      sideFile: SideFile? = nil
    ) {
      let environment: JSONObject = [
        "type": .string(SecuritySettings.type),
        "enable_auto_save": .bool(enableAutoSave),
        "auto_save_frequency_seconds": .integer(autoSaveFrequencySeconds),
        "dump_path": .string(dumpPath),
        "ip_whitelist": [],
        "ip_blacklist": [],
        "trust_x_forwarded_for": false,
        "xff_trusted_proxies": [],
        "allow_localhost_bypass": .bool(allowLocalhostBypass),
      ]
      document = JSONObject(
        environment.members.map { member in
          (member.key, sideFile?.settings[member.key] ?? member.value)
        })
    }
  }

  static var filter: Filter { .fields(["type": type]) }
}

extension SecuritySettings {
  package var autoSaveEnabled: Bool { document["enable_auto_save"]?.bool ?? false }

  /// Seconds between dumps of the timer.
  package var autoSaveFrequency: Int { max(60, document["auto_save_frequency_seconds"]?.number?.int ?? 900) }

  package var dumpPath: String? { document["dump_path"]?.string }

  package var allowLocalhostBypass: Bool { document["allow_localhost_bypass"]?.bool ?? false }

  /// Proxies whose `X-Forwarded-For` counts. None unless it is to be trusted at all.
  package var trustedProxies: [AddressRange] {
    guard document["trust_x_forwarded_for"]?.bool == true else { return [] }
    return addresses("xff_trusted_proxies").ranges
  }

  /// Things that an operator should look at.
  package var warnings: [String] {
    var warnings: [String] = []
    if document["trust_x_forwarded_for"]?.bool == true, trustedProxies.isEmpty {
      warnings.append("trust_x_forwarded_for is on, but xff_trusted_proxies is empty: the header counts from nobody")
    }
    // A restored dump may hold what no request could have set. What can't be read counts as off.
    for field in ["enable_auto_save", "trust_x_forwarded_for", "allow_localhost_bypass"]
    where document[field].map({ $0.bool == nil }) ?? false {
      warnings.append("\(field) is neither true nor false and counts as false; set it")
    }
    if let frequency = document["auto_save_frequency_seconds"], frequency.number?.int.map({ $0 < 60 }) ?? true {
      warnings.append(
        "auto_save_frequency_seconds is no whole number from 60; \(autoSaveFrequency) seconds count. Set it")
    }
    for field in Self.addressLists {
      for text in addresses(field).unreadable {
        warnings.append("\(field) holds \(text), which is neither an IP address nor a CIDR range and matches nobody")
      }
    }
    return warnings
  }

  private static let addressLists = ["ip_whitelist", "ip_blacklist", "xff_trusted_proxies"]

  /// Whether a caller may talk to this server at all.
  package func check(_ caller: Caller) throws(Refusal) {
    let allowed = addresses("ip_whitelist")
    let denied = addresses("ip_blacklist").ranges
    if allowed.isEmpty && denied.isEmpty { return }
    if allowLocalhostBypass, caller.socket?.isLoopback == true, !caller.isForwarded { return }
    guard let address = caller.address(trusting: trustedProxies) else { return }
    if !allowed.isEmpty, !allowed.ranges.contains(where: { $0.contains(address) }) {
      throw Refusal(403, "SEC010", "Your address is not in the list of addresses that may call this server")
    }
    if denied.contains(where: { $0.contains(address) }) {
      throw Refusal(403, "SEC011", "Your address is in the list of addresses that may not call this server")
    }
  }

  /// The fields that hold addresses, and what in them is neither an IP address nor a CIDR range, in one sentence each.
  var addressFaults: [String] {
    Self.addressLists.flatMap { field in
      addresses(field).unreadable.map { "'\(field)' holds \($0), which is neither an IP address nor a CIDR range" }
    }
  }

  private struct AddressList {
    var ranges: [AddressRange] = []
    /// As JSON.
    var unreadable: [String] = []

    /// A list of which nothing can be read is none that lets everybody in.
    var isEmpty: Bool { ranges.isEmpty && unreadable.isEmpty }
  }

  private func addresses(_ field: String) -> AddressList {
    guard let value = document[field], !value.isNull else { return AddressList() }
    var list = AddressList()
    for element in value.array ?? [value] {
      if let range = element.string.flatMap(AddressRange.init) {
        list.ranges.append(range)
      } else {
        list.unreadable.append(String(decoding: JSONWriter.bytes(element), as: UTF8.self))
      }
    }
    return list
  }
}

extension SecuritySettings {
  /// These settings with a body's changes.
  ///
  /// - Parameter caller: who asks: settings that would lock it out are refused.
  package func changed(by body: CheckedBody, caller: Caller) throws(Refusal) -> SecuritySettings {
    let next = SecuritySettings(document: document.merging(body.changes))
    if let fault = next.addressFaults.first { throw Refusal(422, "VAL001", fault) }
    do {
      try next.check(caller)
    } catch {
      throw Refusal(
        400, "SEC012",
        "These settings would lock you out. Your address is \(caller.address(trusting: next.trustedProxies)?.description ?? "unknown"): "
          + "put it into ip_whitelist, or take it out of ip_blacklist")
    }
    return next
  }

  /// Keeps the settings; the document's `_id` and unknown fields stay.
  package func store(in transaction: inout Transaction) throws(Refusal) {
    if transaction.first(in: Collections.settings, Self.filter) == nil {
      try transaction.inserting(document, into: Collections.settings)
    } else {
      try transaction.setting(document.removing("_id"), in: Collections.settings, Self.filter)
    }
  }
}

extension SecuritySettings {
  /// A body that changes nothing.
  package static func empty() throws(Refusal) -> CheckedBody {
    do {
      return try body.check(.object([:]))
    } catch {
      throw Refusal(422, "VAL001", error.description)
    }
  }
}

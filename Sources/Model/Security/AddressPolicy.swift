import JSON

/// The address of a client, as the security settings judge it.
package struct ClientAddress: Sendable, Equatable {
  /// The address that limits and policies count, or `nil` when the system does not tell it.
  package let address: NetworkAddress?
  /// Whether the client is on this host and no proxy forwarded its request.
  package let isDirectLoopback: Bool

  /// The address of a client.
  package init(address: NetworkAddress?, isDirectLoopback: Bool) {
    self.address = address
    self.isDirectLoopback = isDirectLoopback
  }
}

/// The addresses that may call, read from the security settings.
package struct AddressPolicy: Sendable {
  /// The judgement of one address.
  package enum Verdict: Sendable, Equatable {
    case allowed
    /// There is a list of allowed addresses, and the address is not in it.
    case notInAllowList
    /// The address is in the list of denied addresses.
    case inDenyList
  }

  /// The proxies whose `X-Forwarded-For` counts. There are none unless the settings trust the header.
  package let trustedProxies: [AddressRange]
  /// The proxies whose `X-Forwarded-For` counts for an API that trusts the header, whatever the settings say.
  package var listedProxies: [AddressRange] { proxies.ranges }
  private let allowed: AddressList
  private let denied: AddressList
  private let allowsDirectLoopback: Bool
  private let trustsForwardedFor: Bool
  private let proxies: AddressList

  /// Reads the policy from the fields of the security settings.
  init(_ settings: JSONObject) {
    allowed = AddressList(settings["ip_whitelist"])
    denied = AddressList(settings["ip_blacklist"])
    proxies = AddressList(settings["xff_trusted_proxies"])
    allowsDirectLoopback = settings["allow_localhost_bypass"]?.bool == true
    trustsForwardedFor = settings["trust_x_forwarded_for"]?.bool == true
    trustedProxies = trustsForwardedFor ? proxies.ranges : []
  }

  /// Whether clients on this host pass the policies.
  package var passesDirectLoopback: Bool { allowsDirectLoopback }

  /// Whether every address may call.
  package var isOpen: Bool { allowed.isEmpty && denied.ranges.isEmpty }

  /// Whether a client may call at all.
  package func verdict(on client: ClientAddress) -> Verdict {
    if isOpen { return .allowed }
    if allowsDirectLoopback, client.isDirectLoopback { return .allowed }
    guard let address = client.address else { return .allowed }
    if !allowed.isEmpty, !allowed.contains(address) { return .notInAllowList }
    return denied.contains(address) ? .inDenyList : .allowed
  }

  /// Whether the settings trust `X-Forwarded-For`, but no proxy to set it.
  var trustsNoProxy: Bool { trustsForwardedFor && trustedProxies.isEmpty }

  /// The elements of the lists that are neither an IP address nor a CIDR range, in one sentence each.
  package var faults: [String] {
    let lists = [("ip_whitelist", allowed), ("ip_blacklist", denied), ("xff_trusted_proxies", proxies)]
    return lists.flatMap { field, list in
      list.unreadable.map { "'\(field)' holds \($0), which is neither an IP address nor a CIDR range" }
    }
  }
}

/// A list of addresses and ranges in a document.
struct AddressList: Sendable {
  private(set) var ranges: [AddressRange] = []
  /// The elements that are no addresses: strings in quotes, other values as JSON.
  private(set) var unreadable: [String] = []
  private var addresses = AddressSet()

  /// Whether the list is not there. A list with unreadable elements only is there, so that it lets nobody in.
  var isEmpty: Bool { ranges.isEmpty && unreadable.isEmpty }

  init(_ value: JSONValue?) {
    guard let value, !value.isNull else { return }
    for element in value.array ?? [value] {
      if let range = element.string.flatMap(AddressRange.init) {
        ranges.append(range)
      } else {
        unreadable.append(
          element.string.map { "'\($0)'" } ?? String(decoding: JSONWriter.bytes(element), as: UTF8.self))
      }
    }
    addresses = AddressSet(ranges)
  }

  func contains(_ address: NetworkAddress) -> Bool { addresses.contains(address) }
}

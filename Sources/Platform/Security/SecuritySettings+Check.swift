package import HTTPAPI
package import Model

extension SecuritySettings {
  /// Checks whether a caller may call at all.
  package func check(_ caller: Caller) throws(APIError) {
    switch addresses.verdict(on: caller.client(trusting: addresses.trustedProxies)) {
    case .allowed: return
    case .notInAllowList:
      throw APIError(403, "SEC010", "Your address is not in the list of addresses that may call this server")
    case .inDenyList:
      throw APIError(403, "SEC011", "Your address is in the list of addresses that may not call this server")
    }
  }
}

/// The trailers of a call.
extension ProxiedCall {
  /// Keeps the trailers of the request that go to the server, for each try.
  ///
  /// - Returns: `false` when they are too long.
  func takeTrailers(_ section: TrailerSection?) -> Bool {
    guard let section, let api else { return true }
    let listed = head.connectionNames
    trailers = section.passing { api.passesToServer(trailer: $0) && listed?.contains($0) != true }
    guard let trailers else { return true }
    return trailers.size <= TrailerSection.longestOfRequest
  }

  /// Keeps the trailers of the answer that go to the client.
  func keepTrailers(_ section: TrailerSection) {
    guard let api else { return }
    let isCompressed = gzip != nil
    let passed = section.passing { name in
      api.passesToClient(trailer: name) && !(isCompressed && PassedFields.notCompressed.contains(name))
    }
    guard let passed else { return }
    answerTrailers = passed
    answerBytes += passed.size
  }
}

import HTTPAPI
import HTTPTypes
import Hummingbird
import JSON
import Listener
import NIOCore

/// Reads the bodies of requests, within their limits.
struct BodyReader {
  let configuration: PlatformConfiguration

  /// The limit where none is set. A body is held in memory, and no dump takes a document of more than twice this.
  private static let largestBody = 32 << 20
  /// The limit on routes that need no login, which take credentials only.
  static let largestBodyOfStrangers = 64 << 10

  /// The paths whose declared lengths are checked before anything else is known of a request.
  private static let checkedFirst: PathSet = ["/api/*", "/platform/*"]
  /// The paths for which `MAX_BODY_SIZE_BYTES` does not count.
  private static let exempt: PathSet = ["/platform/monitor/*", "/platform/security/settings"]

  /// Refuses a request that declares a body above the limit, whatever its route is.
  ///
  /// - Throws: 413 `REQ001`.
  func checkLength(of request: Request, path: String) throws(APIError) {
    guard Self.checkedFirst.contains(path), !Self.exempt.contains(path) else { return }
    let limit = limit(path)
    guard declaredLength(of: request) <= limit else { throw tooLarge(limit) }
  }

  /// Reads the body, but no further than the limit.
  ///
  /// - Parameter share: holds the body's memory until the call is answered.
  /// - Returns: nothing for a route that takes no body.
  func read(
    _ request: Request, path: String, for route: Route, in share: RequestMemory.Share
  ) async throws -> [UInt8] {
    var isKept = true
    if case .none = route.body { isKept = false }
    return try await collect(request, limit: limit(path, route), isKept: isKept, in: share)
  }

  /// Bytes of a message beside the body that it carries: the fields of the request.
  private static let messageOverhead = 256 << 10
  /// Bytes that tell whether a message can be for this task.
  private static let messageBeginning = 128

  /// Reads a message of another task.
  ///
  /// - Parameter check: called once with the first bytes, so that no stranger can fill the memory.
  func readMessage(
    _ request: Request, in share: RequestMemory.Share, check: ([UInt8]) throws(APIError) -> Void
  ) async throws -> [UInt8] {
    var isChecked = false
    let message = try await collect(request, limit: Self.largestBody + Self.messageOverhead, in: share) {
      (bytes) throws(APIError) in
      guard !isChecked, bytes.count >= Self.messageBeginning else { return }
      isChecked = true
      try check(bytes)
    }
    if !isChecked { try check(message) }
    return message
  }

  /// - Parameter check: called with the bytes so far, after each piece.
  private func collect(
    _ request: Request, limit: Int, isKept: Bool = true, in share: RequestMemory.Share,
    check: ([UInt8]) throws(APIError) -> Void = { _ in }
  ) async throws -> [UInt8] {
    guard declaredLength(of: request) <= limit else { throw tooLarge(limit) }
    var (bytes, count): ([UInt8], Int) = ([], 0)
    var pieces = request.body.makeAsyncIterator()
    while let buffer = try await next(&pieces) {
      count += buffer.readableBytes
      guard count <= limit else { throw tooLarge(limit) }
      guard isKept else { continue }
      guard share.resize(to: count) else { throw Self.noMemory }
      bytes.append(contentsOf: buffer.readableBytesView)
      try check(bytes)
    }
    return bytes
  }

  /// A body that breaks off or can't be read is the client's fault, and so is a connection that ends in it.
  private func next(_ pieces: inout RequestBody.AsyncIterator) async throws(APIError) -> ByteBuffer? {
    do {
      return try await pieces.next()
    } catch {
      throw Malformation.body.error
    }
  }

  private func declaredLength(of request: Request) -> Int {
    request.headers[.contentLength].map { Int($0) ?? .max } ?? 0
  }

  private func limit(_ path: String) -> Int {
    let isExcluded = Self.exempt.contains(path) || configuration.bodyLimitExcludedPaths.contains(path)
    return isExcluded ? Self.largestBody : configuration.maximumBodySize ?? Self.largestBody
  }

  private func limit(_ path: String, _ route: Route) -> Int {
    let limit = limit(path)
    if case .everyone = route.access { return min(limit, Self.largestBodyOfStrangers) }
    return limit
  }

  private func tooLarge(_ limit: Int) -> APIError {
    // The rest of the body is not read, so the connection can't be reused.
    APIError(
      413, "REQ001", "The body may have at most \(limit) bytes here (MAX_BODY_SIZE_BYTES)",
      headers: [.connection: "close"])
  }

  private static let noMemory = APIError(
    503, "GTW505", "Too many large requests at once (MAX_REQUEST_MEMORY_BYTES); try again in a few seconds",
    headers: [.connection: "close", .retryAfter: "2"])
}

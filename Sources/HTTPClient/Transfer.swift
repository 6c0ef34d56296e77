import CCurl

/// One request under way: what libcurl's callbacks read and write.
final class Transfer {
  private let maximum: Int
  private let source: (any HTTPBodySource)?
  private let sink: (any HTTPBodySink)?
  private var sent = 0
  private(set) var received = 0
  private(set) var body: [UInt8] = []
  private(set) var headers: [(name: String, value: String)] = []
  private(set) var failure: HTTPClientError?
  /// The status of the answer, from its first line.
  private var status = 0

  /// The most bytes that are kept of what a refusal says, where the body of a success goes elsewhere.
  private static let longestRefusal = 64 << 10

  init(maximum: Int, source: (any HTTPBodySource)?, sink: (any HTTPBodySink)?) {
    self.maximum = maximum
    self.source = source
    self.sink = sink
  }

  /// - Returns: whether libcurl should go on.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    received += bytes.count
    guard received <= maximum else {
      failure = HTTPClientError(.tooLarge, "the answer has more than \(maximum) bytes")
      return false
    }
    guard let sink else {
      body.append(contentsOf: bytes)
      return true
    }
    guard (200..<300).contains(status) else {
      // It is not what was asked for, and the same sink may get that from the next attempt.
      body.append(contentsOf: bytes.prefix(Self.longestRefusal - body.count))
      return true
    }
    guard sink.write(bytes) else {
      failure = HTTPClientError(.unusable, "the answer could not be written to its file")
      return false
    }
    return true
  }

  func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard headers.count < 256, bytes.count < 64 << 10 else {
      failure = HTTPClientError(.tooLarge, "the answer has too many headers")
      return false
    }
    let line = String(decoding: bytes, as: UTF8.self)
    // A new status line: the headers of a `100 Continue` before it are not the answer's.
    if line.hasPrefix("HTTP/") {
      headers = []
      let number = line.split(separator: " ").dropFirst().first.flatMap { Int(Self.trimmed($0)) }
      if let number { status = number }
    }
    guard let colon = line.firstIndex(of: ":") else { return true }
    headers.append((line[..<colon].lowercased(), Self.trimmed(line[line.index(after: colon)...])))
    return true
  }

  /// - Returns: how many bytes were given, or curl's mark for a failure.
  func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let source, let count = source.read(at: sent, into: buffer) else {
      failure = HTTPClientError(.unusable, "the file to be sent can't be read")
      return Int(CURL_READFUNC_ABORT)
    }
    sent += count
    return count
  }

  private static func trimmed(_ text: Substring) -> String {
    let isBlank = { (character: Character) in character.isWhitespace || character.isNewline }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}

extension CurlHandle {
  /// Points libcurl's callbacks at a transfer, which must outlive the request.
  func attach(_ transfer: Transfer, uploads: Bool) {
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      let (length, chunk) = (size * count, UnsafeRawBufferPointer(start: bytes, count: size * count))
      return CurlHandle.transfer(context)?.take(chunk) == true ? length : 0
    }
    set(CURLOPT_WRITEDATA, pointer: context)
    set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      let (length, chunk) = (size * count, UnsafeRawBufferPointer(start: bytes, count: size * count))
      return CurlHandle.transfer(context)?.takeHeader(chunk) == true ? length : 0
    }
    set(CURLOPT_HEADERDATA, pointer: context)
    guard uploads else { return }
    set(CURLOPT_READFUNCTION) { bytes, size, count, context in
      let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
      return CurlHandle.transfer(context)?.give(buffer) ?? Int(CURL_READFUNC_ABORT)
    }
    set(CURLOPT_READDATA, pointer: context)
  }

  fileprivate static func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }
}

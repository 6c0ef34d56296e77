import CZlib
import NIOCore
import Testing

@testable import Gateway

@Suite("The compression of answers")
struct CompressionTests {
  private func parsed(_ fields: String, status: Int = 200, isHead: Bool = false) throws -> ResponseHead {
    try ResponseHeadParser.parse(
      ByteBuffer(string: "HTTP/1.1 \(status) OK\r\n\(fields)\r\n"), hasNoBody: isHead)
  }

  private func applies(
    _ fields: String, accept: [String] = ["gzip"], level: Int? = 1, status: Int = 200, isHead: Bool = false
  ) throws -> Bool {
    let head = try parsed(fields, status: status, isHead: isHead)
    return Compression(level: level, minimumSize: 100).applies(head, isHead: isHead, acceptEncoding: accept)
  }

  @Test("applies to texts that are long enough, or whose length is not known")
  func texts() throws {
    #expect(try applies("Content-Type: text/plain\r\nContent-Length: 100\r\n"))
    #expect(try !applies("Content-Type: text/plain\r\nContent-Length: 99\r\n"))
    #expect(try applies("Content-Type: application/problem+JSON; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"))
    #expect(try !applies("Content-Type: image/png\r\nContent-Length: 1000\r\n"))
    #expect(try !applies("Content-Length: 1000\r\n"))
  }

  @Test("leaves alone what is compressed, a part of something, without a body or not to be changed")
  func exceptions() throws {
    let text = "Content-Type: text/plain\r\nContent-Length: 1000\r\n"
    #expect(try !applies(text + "Content-Encoding: br\r\n"))
    #expect(try !applies(text + "Content-Range: bytes 0-999/2000\r\n"))
    #expect(try !applies(text + "Cache-Control: max-age=1, No-Transform\r\n"))
    #expect(try applies(text + "Cache-Control: max-age=1\r\n"))
    #expect(try !applies(text, status: 206))
    #expect(try !applies(text, status: 204))
    #expect(try !applies(text, level: nil))
    #expect(try !applies(text, accept: []))
  }

  @Test("applies to an answer to HEAD as to that to GET")
  func head() throws {
    let text = "Content-Type: text/plain\r\n"
    #expect(try applies(text + "Content-Length: 100\r\n", isHead: true))
    #expect(try !applies(text + "Content-Length: 99\r\n", isHead: true))
    #expect(try applies(text, isHead: true))
    #expect(try applies(text + "Transfer-Encoding: chunked\r\n", isHead: true))
    #expect(try !applies("Content-Type: image/png\r\nContent-Length: 100\r\n", isHead: true))
    #expect(try !applies(text, status: 204, isHead: true))
    #expect(try !applies(text, status: 206, isHead: true))
  }

  @Test("applies to a 304 where the answer that it is about may have been compressed")
  func unchanged() throws {
    for isHead in [false, true] {
      #expect(try applies("", status: 304, isHead: isHead))
      #expect(try applies("Content-Length: 0\r\n", status: 304, isHead: isHead))
      #expect(try !applies("Content-Type: image/png\r\n", status: 304, isHead: isHead))
      #expect(try !applies("Content-Encoding: br\r\n", status: 304, isHead: isHead))
      #expect(try !applies("Cache-Control: no-transform\r\n", status: 304, isHead: isHead))
      #expect(try !applies("", accept: [], status: 304, isHead: isHead))
    }
  }

  @Test(
    "is seen by the tag that a client names: that of a compressed body is weak",
    arguments: [
      ("\"a\"", [], false), ("\"a\"", ["\"a\""], true), ("\"a\"", ["W/\"a\""], false),
      ("\"a\"", ["\"b\",\"a\""], true), ("\"a\"", ["\"b\"", "W/\"c\", \"a\" "], true), ("\"a\"", ["*"], false),
      ("\"a\"", ["\"A\""], false), ("W/\"a\"", ["W/\"a\""], false),
    ] as [(String, [String], Bool)])
  func tags(tag: String, asked: [String], isPlain: Bool) throws {
    #expect(try Compression.isAboutPlainBody(parsed("ETag: \(tag)\r\n", status: 304), asked) == isPlain)
    #expect(try !Compression.isAboutPlainBody(parsed("", status: 304), asked))
  }

  @Test(
    "asks what the client takes",
    arguments: [
      (["gzip"], true), (["br, GZIP;q=0.5"], true), (["x-gzip"], true), (["*"], true), (["br", "gzip"], true),
      (["gzip;q=0"], false), (["gzip; q=0.000"], false), (["*;q=0"], false), (["*, gzip;q=0"], false), (["br"], false),
      (["gzip;q=1, *;q=0"], true), (["identity"], false), ([""], false), (["gzipped"], false),
      (["gzip;q=0.5, identity"], false), (["identity;q=0.5, gzip;q=0.5"], true), (["identity;q=0, gzip;q=0.1"], true),
      (["identity;q=0.5, *;q=0.4"], false), (["gzip; Q=0.8", "identity;q=0.7"], true), (["gzip;q=x"], true),
    ] as [([String], Bool)])
  func acceptance(fields: [String], accepts: Bool) {
    #expect(Compression.acceptsGzip(fields) == accepts)
  }

  /// The text of a gzip stream, as far as it has come.
  private func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    var input = bytes
    var output = [UInt8](repeating: 0, count: 4 << 20)
    let size = Int32(MemoryLayout<z_stream>.size)
    try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK)
    defer { inflateEnd(&stream) }
    let count = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        inflate(&stream, Z_SYNC_FLUSH)
        return output.count - Int(stream.avail_out)
      }
    }
    return Array(output.prefix(count))
  }

  @Test("has something to flush only when something came since the last flush")
  func flushes() throws {
    let gzip = try #require(GzipStream(level: 6, ByteBufferAllocator()))
    #expect(!gzip.hasUnflushed)
    _ = gzip.write(ByteBuffer())
    #expect(!gzip.hasUnflushed)
    _ = gzip.write(ByteBuffer(string: "a"))
    #expect(gzip.hasUnflushed)
    #expect(gzip.flush().readableBytes > 0)
    #expect(!gzip.hasUnflushed)
  }

  @Test("gives back what went in, and what came before a flush can be read")
  func roundTrip() throws {
    var generator = PrintedGenerator("CompressionTests")
    let gzip = try #require(GzipStream(level: 6, ByteBufferAllocator()))
    var (text, bytes): ([UInt8], [UInt8]) = ([], [])
    for round in 0..<40 {
      // Some pieces become smaller, and some do not.
      let piece = (0..<Int.random(in: 0...60_000, using: &generator)).map { _ in
        round % 2 == 0 ? UInt8(ascii: "a") : UInt8.random(in: .min ... .max, using: &generator)
      }
      text += piece
      bytes += gzip.write(ByteBuffer(bytes: piece)).readableBytesView
      if round % 5 == 0 {
        bytes += gzip.flush().readableBytesView
        #expect(try inflated(bytes) == text, "round \(round)")
      }
    }
    bytes += gzip.finish().readableBytesView
    #expect(try inflated(bytes) == text)
  }
}

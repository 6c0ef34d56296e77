import Cryptography
import Testing

@Suite("bcrypt")
struct BCryptTests {
  @Test("verifies known hashes, and no others")
  func vectors() {
    // The first two are published with jBCrypt and with crypt_blowfish.
    for (password, hash) in [
      ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
      ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
      ("pässword", "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"),
    ] {
      #expect(BCrypt.verify(password, against: hash))
      #expect(!BCrypt.verify(password + "x", against: hash))
      #expect(BCrypt.computes(hash))
    }
    for malformed in ["", "plain", "$2b$", "$2b$99$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "$1$x"] {
      #expect(!BCrypt.verify("", against: malformed))
    }
    #expect(!BCrypt.computes("$2b$99$abcdefghijklmnopqrstuu"))
  }

  @Test("hashes with a new salt each time, and refuses NUL")
  func hashes() throws {
    let hashes = try (0..<2).map { _ in try BCrypt.hash("pässword", cost: 4) }
    #expect(hashes[0] != hashes[1])
    for hash in hashes {
      #expect(hash.hasPrefix("$2b$04$"))
      #expect(BCrypt.verify("pässword", against: hash) && !BCrypt.verify("pa\u{308}ssword", against: hash))
    }
    #expect(throws: CryptographyError("bcrypt")) { try BCrypt.hash("a\0b", cost: 4) }
  }
}

package awstest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What KMS takes at most, in bytes:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html
const (
	maxKMSKeyID  = 2048
	maxPlaintext = 4096
	maxBlob      = 6144
	maxDataKey   = 1024
)

// KMSKey is a symmetric encryption key. Its policy is the default one, by which the identity policies of its
// own account say who may use it; whoever is of another account may not.
type KMSKey struct {
	Account, Region, ID string
	Alias               string // as alias/assumebot; "" for none
}

// ARN names the key.
func (k KMSKey) ARN() string { return "arn:aws:kms:" + k.Region + ":" + k.Account + ":key/" + k.ID }

// KMSKeyState says what a key can do.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
type KMSKeyState int

// The states.
const (
	KMSEnabled KMSKeyState = iota
	KMSDisabled
	KMSPendingDeletion
)

type kmsKey struct {
	KMSKey
	state     KMSKeyState
	materials []cipher.AEAD // the newest last: it encrypts, and all decrypt
}

// AddKMSKey makes a key, or replaces one of the same ARN, which nothing opens any more.
func (s *Server) AddKMSKey(k KMSKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kms[k.ARN()] = &kmsKey{KMSKey: k, materials: []cipher.AEAD{newMaterial()}}
}

// SetKMSKeyState changes what a key can do.
func (s *Server) SetKMSKeyState(arn string, to KMSKeyState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kms[arn].state = to
}

// RotateKMSKey is KMS's own rotation: other material under the same ARN, and the former still decrypts.
func (s *Server) RotateKMSKey(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kms[arn].materials = append(s.kms[arn].materials, newMaterial())
}

func newMaterial() cipher.AEAD {
	var raw [32]byte
	_, _ = rand.Read(raw[:])          // never fails: crypto/rand
	block, _ := aes.NewCipher(raw[:]) // 32 bytes are a key
	aead, _ := cipher.NewGCM(block)   // of a block of 16 bytes
	return aead
}

// materialID is what KMS calls the material of a key: 64 hex digits.
func (k *kmsKey) materialID(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", k.ARN(), n))
	return hex.EncodeToString(sum[:])
}

// A blob is 1, the length of the ARN, the ARN, the number of the material, the nonce, and what is encrypted. All
// before the nonce is bound to it, and so is the encryption context.
func (k *kmsKey) encrypt(context map[string]string, plain []byte) []byte {
	n := len(k.materials) - 1
	head := append(append([]byte{1, byte(len(k.ARN()))}, k.ARN()...), byte(n))
	nonce := make([]byte, k.materials[n].NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand
	return k.materials[n].Seal(append(slices.Clone(head), nonce...), nonce, plain, bound(head, context))
}

// bound is the same for the same context, in whatever order it was sent.
func bound(head []byte, context map[string]string) []byte {
	text, _ := json.Marshal(context) // sorted, and strings alone
	if len(context) == 0 {
		text = nil
	}
	return append(slices.Clone(head), text...)
}

// blobParts takes a blob apart; ok is false for what no key made.
func blobParts(blob []byte) (arn string, head, rest []byte, ok bool) {
	if len(blob) < 2 || blob[0] != 1 || len(blob) < 3+int(blob[1]) {
		return "", nil, nil, false
	}
	end := 2 + int(blob[1])
	return string(blob[2:end]), blob[:end+1], blob[end+1:], true
}

func (k *kmsKey) decrypt(context map[string]string, head, rest []byte) (plain []byte, material int, ok bool) {
	material = int(head[len(head)-1])
	if material >= len(k.materials) || len(rest) < k.materials[material].NonceSize() {
		return nil, 0, false
	}
	size := k.materials[material].NonceSize()
	plain, err := k.materials[material].Open(nil, rest[:size], rest[size:], bound(head, context))
	return plain, material, err == nil
}

// kmsInput is what the actions take. Their other members are refused: the fake does not know what they do.
type kmsInput struct {
	KeyID               string `json:"KeyId"`
	EncryptionContext   map[string]string
	EncryptionAlgorithm string
	Plaintext           []byte
	CiphertextBlob      []byte
	KeySpec             string
	NumberOfBytes       *int
}

type kmsOutput struct {
	CiphertextBlob      []byte `json:",omitempty"`
	Plaintext           []byte `json:",omitempty"`
	KeyID               string `json:"KeyId"`
	KeyMaterialID       string `json:"KeyMaterialId,omitempty"`
	EncryptionAlgorithm string `json:",omitempty"`
}

// symmetric is the only algorithm of a symmetric key.
const symmetric = "SYMMETRIC_DEFAULT"

func kmsRefusal(code, message string) *refusal { return &refusal{http.StatusBadRequest, code, message} }

// kmsInvalid is of a member that breaks a bound of its own.
func kmsInvalid(member, bound string) *refusal {
	return kmsRefusal("ValidationException", "1 validation error detected: Value at '"+member+"' failed to satisfy constraint: Member must "+bound)
}

// keyManagement answers what is known of each action:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
func (s *Server) keyManagement(req *request, who *caller) (any, *refusal) {
	do := map[string]func(*Server, kmsCall) (any, *refusal){
		"Decrypt":                         (*Server).kmsDecrypt,
		"Encrypt":                         (*Server).kmsEncrypt,
		"GenerateDataKeyWithoutPlaintext": (*Server).kmsGenerate,
	}[req.action]
	if do == nil {
		return nil, kmsRefusal("UnknownOperationException", "")
	}
	var in kmsInput
	dec := json.NewDecoder(bytes.NewReader(req.body))
	dec.DisallowUnknownFields()
	if dec.Decode(&in) != nil {
		return nil, kmsRefusal("SerializationException", "")
	}
	switch {
	case len(in.KeyID) > maxKMSKeyID:
		return nil, kmsInvalid("keyId", fmt.Sprintf("have length less than or equal to %d", maxKMSKeyID))
	case in.EncryptionAlgorithm != "" && in.EncryptionAlgorithm != symmetric:
		return nil, kmsRefusal("InvalidKeyUsageException", in.EncryptionAlgorithm+" is not valid for a symmetric key.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(s, kmsCall{req.auth.region, "kms:" + req.action, who, in})
}

type kmsCall struct {
	region, action string
	who            *caller
	in             kmsInput
}

// usableKey is the key that is named, if the caller may use it so and it is enabled. The caller holds mu.
func (s *Server) usableKey(c kmsCall) (*kmsKey, *refusal) {
	k, ref := s.namedKey(c)
	if ref != nil {
		return nil, ref
	}
	asked := s.ask(c.who, c.action, k.ARN())
	for name, value := range c.in.EncryptionContext {
		asked.facts["kms:encryptioncontext:"+strings.ToLower(name)] = value
	}
	if k.Account != c.who.account {
		return nil, kmsRefusal("AccessDeniedException",
			notAuthorized(c.who, c.action, k.ARN(), " because no resource-based policy allows the "+c.action+" action"))
	}
	if reason, allowed := s.authorize(c.who, asked); !allowed {
		return nil, kmsRefusal("AccessDeniedException", notAuthorized(c.who, c.action, k.ARN(), reason))
	}
	switch k.state {
	case KMSDisabled:
		return nil, kmsRefusal("DisabledException", k.ARN()+" is disabled.")
	case KMSPendingDeletion:
		return nil, kmsRefusal("KMSInvalidStateException", k.ARN()+" is pending deletion.")
	case KMSEnabled:
	}
	return k, nil
}

// namedKey finds a key by its ID, its ARN, its alias or the ARN of that, in the region that is asked.
func (s *Server) namedKey(c kmsCall) (*kmsKey, *refusal) {
	name, account := c.in.KeyID, c.who.account
	if strings.HasPrefix(name, "arn:") {
		parts := strings.SplitN(name, ":", 6)
		if len(parts) != 6 || parts[2] != "kms" || parts[3] != c.region {
			return nil, kmsRefusal("NotFoundException", "Invalid arn "+c.region)
		}
		account, name = parts[4], strings.TrimPrefix(parts[5], "key/")
	}
	for _, k := range s.kms {
		if k.Region == c.region && k.Account == account && (k.ID == name || k.Alias != "" && k.Alias == name) {
			return k, nil
		}
	}
	at := "arn:aws:kms:" + c.region + ":" + account + ":"
	if strings.HasPrefix(name, "alias/") {
		return nil, kmsRefusal("NotFoundException", "Alias "+at+name+" is not found.")
	}
	return nil, kmsRefusal("NotFoundException", "Key '"+at+"key/"+name+"' does not exist")
}

// kmsEncrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
func (s *Server) kmsEncrypt(c kmsCall) (any, *refusal) {
	switch n := len(c.in.Plaintext); {
	case c.in.KeyID == "":
		return nil, kmsInvalid("keyId", "not be null")
	case n < 1:
		return nil, kmsInvalid("plaintext", "have length greater than or equal to 1")
	case n > maxPlaintext:
		return nil, kmsInvalid("plaintext", fmt.Sprintf("have length less than or equal to %d", maxPlaintext))
	}
	k, ref := s.usableKey(c)
	if ref != nil {
		return nil, ref
	}
	return kmsOutput{CiphertextBlob: k.encrypt(c.in.EncryptionContext, c.in.Plaintext), KeyID: k.ARN(), EncryptionAlgorithm: symmetric}, nil
}

// kmsGenerate is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html
func (s *Server) kmsGenerate(c kmsCall) (any, *refusal) {
	size := map[string]int{"AES_256": 32, "AES_128": 16}[c.in.KeySpec]
	switch {
	case c.in.KeyID == "":
		return nil, kmsInvalid("keyId", "not be null")
	case (c.in.KeySpec == "") == (c.in.NumberOfBytes == nil):
		return nil, kmsRefusal("ValidationException", "Please specify either number of bytes or key spec.")
	case c.in.KeySpec != "" && size == 0:
		return nil, kmsInvalid("keySpec", "satisfy enum value set: [AES_256, AES_128]")
	case c.in.NumberOfBytes != nil:
		if size = *c.in.NumberOfBytes; size < 1 || size > maxDataKey {
			return nil, kmsInvalid("numberOfBytes", fmt.Sprintf("have value less than or equal to %d", maxDataKey))
		}
	}
	k, ref := s.usableKey(c)
	if ref != nil {
		return nil, ref
	}
	fresh := make([]byte, size)
	_, _ = rand.Read(fresh) // never fails: crypto/rand
	return kmsOutput{
		CiphertextBlob: k.encrypt(c.in.EncryptionContext, fresh), KeyID: k.ARN(), KeyMaterialID: k.materialID(len(k.materials) - 1),
	}, nil
}

// kmsDecrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html. With a key that is named, it is
// used and no other; without one the blob says which.
func (s *Server) kmsDecrypt(c kmsCall) (any, *refusal) {
	switch n := len(c.in.CiphertextBlob); {
	case n < 1:
		return nil, kmsInvalid("ciphertextBlob", "have length greater than or equal to 1")
	case n > maxBlob:
		return nil, kmsInvalid("ciphertextBlob", fmt.Sprintf("have length less than or equal to %d", maxBlob))
	}
	arn, head, rest, ok := blobParts(c.in.CiphertextBlob)
	if !ok {
		return nil, kmsRefusal("InvalidCiphertextException", "")
	}
	if c.in.KeyID == "" {
		if s.kms[arn] == nil || s.kms[arn].Region != c.region {
			return nil, kmsRefusal("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, "+
				"does not exist in this region, or you are not allowed to access.")
		}
		c.in.KeyID = arn
	}
	k, ref := s.usableKey(c)
	if ref != nil {
		return nil, ref
	}
	if k.ARN() != arn {
		return nil, kmsRefusal("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	plain, material, ok := k.decrypt(c.in.EncryptionContext, head, rest)
	if !ok {
		return nil, kmsRefusal("InvalidCiphertextException", "") // AWS gives no reason, for another context neither
	}
	return kmsOutput{Plaintext: plain, KeyID: arn, KeyMaterialID: k.materialID(material), EncryptionAlgorithm: symmetric}, nil
}
